"""The synthetic generator: declarations with an exact true probability for each row.

See `data/synthetic/README.md` for the recipe, and the datasheet for what it cannot show.
"""

from training.synth.block import SynthChunk
from training.synth.datasheet import bayes_limit, datasheet
from training.synth.generator import PROFILES, generate
from training.synth.write import write

__all__ = ["PROFILES", "SynthChunk", "bayes_limit", "datasheet", "generate", "write"]
