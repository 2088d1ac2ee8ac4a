"""Lawful settings that goods texts name: what the guards of the typologies say clears.

A sport club, a museum or film, a licensed dealer, construction, animals and farms, relief.
Each setting counts once, in the languages of the lexicon. Written from the column of
look-alikes of the typologies, not from texts that judge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riskprofile.reference.bags import SINGLY, cut
from riskprofile.reference.bags import words as words_of
from riskprofile.reference.stems import stem
from riskprofile.reference.text import tokens

_WRITTEN = {
    # Sports starters, club and range sport (D06, T04).
    "sport": """athletics starter federation championship olympic biathlon paintball archery darts
        club sports competition atletismo federación athlétisme fédération campeonato Verein
        Schützenverein Wettkampf соревнование спортивный atletizm kulüp رياضة نادي""",
    # Toys and costumes, models (E07, T05).
    "toy": """toy toys cosplay costume carnival children kids foam bubble model miniature jouet
        juguete brinquedo Spielzeug игрушка игрушечный детский oyuncak لعبة ألعاب""",
    # Film, theatre, museums, collections with certificate, carnets (T05).
    "display": """museum exhibition exhibit film movie theatre theater stage carnet antique
        deactivated certificate collector replica decorative musée théâtre cinéma museo cine
        teatro antiguo Museum Theater Sammler музей театр выставка müze متحف""",
    # Registered dealers and gunsmiths, police tenders (E09, D01, D03).
    "dealer": """dealer gunsmith licence license licensed permit authorisation tender armurier
        armero armeiro Büchsenmacher licencia licença autorisation Genehmigung
        лицензия разрешение ruhsat رخصة ترخيص""",
    # Power tools and building (X02's homonyms, D06).
    "construction": """construction nailer nail concrete framing riveter caulking sealant silicone
        glue paint welding construcción chantier Baustelle строительный inşaat بناء""",
    # Abattoirs, dog training, veterinary, bird scaring (D06).
    "animals": """slaughter slaughterhouse abattoir livestock veterinary dog kennel bird orchard
        stunner abattage bétail matadero ganado Schlachthof Vieh скот kesimhane مسلخ""",
    # Vessels' distress signals.
    "vessel": """distress solas lifeboat marine ship vessel rescue détresse socorro Seenot
        бедствие""",
    # Relief and peace support, press (D05, X04).
    "relief": """relief humanitarian demining peace mission ngo press humanitaire humanitario
        humanitär гуманитарный insani إنساني""",
    # Vehicles' parts and plumbing (E02).
    "vehicle": """exhaust muffler automotive car toyota motorcycle échappement escape Auspuff
        выхлопной egzoz عادم""",
    # Printed matter and games.
    "media": """magazine issue periodical book subscription catalogue poster dvd game revue revista
        Zeitschrift журнал книга kitap dergi مجلة كتاب""",
}
_BY_WORD = {stem(word): name for name, words in _WRITTEN.items() for word in tokens(words)}


def named(texts: Sequence[str]) -> np.ndarray:
    """How many lawful settings each text names.

    >>> named(["starting pistols, athletics federation", "steel parts"]).tolist()
    [1, 0]
    """
    if len(texts) <= SINGLY:
        return np.array([len({*map(_setting, words_of(text))} - {""}) for text in texts], np.int64)
    settings = cut(texts).spelt(_setting)
    return settings.where(settings.told(bool, bool)).once().total()


def _setting(word: str) -> str:
    return _BY_WORD.get(stem(word), "")
