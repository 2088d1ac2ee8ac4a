"""Detection beside its peers, beside the best any model could do, and on published seizures.

    python -m benchmarks.detection [--recipe FILE] [--peers lr,hgb,lightgbm,ebm] [--json]

Everything is learnt on the generator's earlier period and judged on its later one. The
true probabilities (the Bayes limit) and the published cases are read here and nowhere
else: no model is fitted to them or chosen by them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import asking, seizures
from riskprofile.scoring import parts
from training import data, evaluate, fit
from training import recipe as recipes
from training.recipe import Recipe
from training.synth import generate

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = (0.01, 0.05)
Fit = Callable[[pd.DataFrame, np.ndarray], Callable[[pd.DataFrame], np.ndarray]]


def logistic(train: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    """Penalised logistic regression, missing values imputed and marked."""
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=2000),
    )
    model.fit(train, labels)
    return lambda rows: model.decision_function(rows)


def boosting(train: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    """scikit-learn's histogram boosting, unconstrained."""
    model = HistGradientBoostingClassifier(
        max_iter=400,
        learning_rate=0.05,
        max_leaf_nodes=31,
        l2_regularization=5.0,
        min_samples_leaf=60,
        early_stopping=True,
        validation_fraction=0.15,
        random_state=0,
    )
    model.fit(train, labels)
    return lambda rows: model.decision_function(rows)


def lightgbm(train: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    """LightGBM, unconstrained."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        n_estimators=300,
        learning_rate=0.04,
        num_leaves=31,
        min_child_samples=60,
        reg_lambda=5.0,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.7,
        random_state=0,
        n_jobs=1,
        verbose=-1,
    )
    model.fit(train, labels)
    return lambda rows: np.asarray(model.predict(rows, raw_score=True))


def ebm(train: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    """An explainable boosting machine with twenty pairs (interpret).

    Fitted on every positive and 80 negatives for each, like the scorecard: on all rows it
    takes far longer than the rest of the table together.
    """
    from interpret.glassbox import ExplainableBoostingClassifier

    random = np.random.default_rng(0)
    negatives = np.flatnonzero(labels == 0)
    drawn = random.choice(negatives, min(len(negatives), 80 * int(labels.sum())), replace=False)
    rows = np.sort(np.concatenate([np.flatnonzero(labels == 1), drawn]))
    model = ExplainableBoostingClassifier(
        interactions=20, outer_bags=2, n_jobs=2, random_state=0, max_rounds=2000
    )
    model.fit(train.iloc[rows], labels[rows])
    return lambda rows: np.asarray(model.decision_function(rows))


PEERS: dict[str, Fit] = {"lr": logistic, "hgb": boosting, "lightgbm": lightgbm, "ebm": ebm}


def truth(recipe: Recipe, kept: np.ndarray) -> pd.DataFrame:
    """What is true of the judged rows: read for judging alone."""
    chunks = generate(
        recipe.profile, recipe.rows, recipe.data_seed, start=recipe.start, days=recipe.days
    )
    made = pd.concat([chunk.truth for chunk in chunks], ignore_index=True)
    return made[kept[: len(made)]].reset_index(drop=True)  # what was lent has no truth


def judge(scores: np.ndarray, true: pd.DataFrame) -> dict[str, float]:
    """Recall at each budget, on the enriched set and weighted to natural prevalence."""
    labels = true["label"].to_numpy()
    weights = true["natural_weight"].to_numpy("float64")
    told = {"auc": float(roc_auc_score(labels, scores))}
    ranked = parts.order(scores)
    share = np.cumsum(weights[ranked]) / weights.sum()
    positive = (labels * weights)[ranked]
    for budget in BUDGETS:
        told[f"recall_{budget:.0%}"] = evaluate.recall_at(scores, labels, budget)
        told[f"natural_{budget:.0%}"] = float(positive[share <= budget].sum() / positive.sum())
    return told


def run(recipe: Recipe, peers: list[str]) -> dict[str, Any]:
    """Fit the scorecard and its peers on the same features; judge all on the later period."""
    began = time.perf_counter()
    made = data.make(recipe)
    fitted = fit.fit(recipe, made)
    true = truth(recipe, made.during(recipe.test_from, None))
    scores: dict[str, np.ndarray] = {
        "scorecard (points)": fitted.scorecard.points(fitted.test).astype("float64")
    }
    for name in peers:
        predict = PEERS[name](fitted.train, fitted.train_labels)
        scores[name] = np.asarray(predict(fitted.test))
    scores["Bayes limit"] = true["probability"].to_numpy("float64")
    told: dict[str, Any] = {
        "recipe": f"{recipe.profile} {recipe.version}",
        "train_rows": len(fitted.train),
        "test_rows": len(true),
        "test_positives": int(true["label"].sum()),
        "models": {name: judge(score, true) for name, score in scores.items()},
    }
    points = scores["scorecard (points)"]
    for budget in BUDGETS:  # by the recipe's seed: the same ends as in the card
        told[f"interval_{budget:.0%}"] = evaluate.interval(
            points, true["label"].to_numpy(), budget, recipe.seed
        )
    told["typologies"] = by_typology(points, true)
    if recipe.profile == seizures.PROFILE:
        told["published"] = seizures.replay(recipe, fitted.scorecard)
    told["seconds"] = round(time.perf_counter() - began, 1)
    return told


def by_typology(points: np.ndarray, true: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Recall of each leading typology in the first 5 % of the rows."""
    inside = parts.chosen(points, BUDGETS[-1])
    positive = true["label"].to_numpy() == 1
    found = pd.DataFrame({"typology": true["typology"][positive], "found": inside[positive]})
    grouped = found.groupby("typology")["found"].agg(["size", "mean"])
    return {
        str(name): {"positives": int(row["size"]), "recall_5%": round(float(row["mean"]), 3)}
        for name, row in grouped.sort_values("size", ascending=False).iterrows()
    }


def show(told: dict[str, Any]) -> None:
    """The table."""
    print(
        f"{told['recipe']}: {told['train_rows']:,} rows learnt from, {told['test_rows']:,} later "
        f"rows judged, {told['test_positives']:,} positive"
    )
    print(f"{'model':22} {'1 %':>7} {'5 %':>7} {'AUC':>7} {'1 % nat.':>9} {'5 % nat.':>9}")
    for name, row in told["models"].items():
        print(
            f"{name:22} {row['recall_1%']:7.3f} {row['recall_5%']:7.3f} {row['auc']:7.3f} "
            f"{row['natural_1%']:9.3f} {row['natural_5%']:9.3f}"
        )
    for budget in ("1%", "5%"):
        low, high = told[f"interval_{budget}"]
        print(f"scorecard at {budget}: 95 % interval {low:.3f} to {high:.3f}")
    best = {
        b: max((row[f"recall_{b}"], name) for name, row in told["models"].items() if name in PEERS)
        for b in ("1%", "5%")
        if set(told["models"]) & set(PEERS)
    }
    for budget, (recall, name) in best.items():
        ours = told["models"]["scorecard (points)"][f"recall_{budget}"]
        limit = told["models"]["Bayes limit"][f"recall_{budget}"]
        print(
            f"at {budget}: scorecard {ours:.3f}, best peer {name} {recall:.3f} "
            f"({ours - recall:+.3f}); {ours / limit:.1%} of the Bayes limit"
        )
    if "published" in told:
        seizures.show(told["published"])
    print("typology                              positives  recall at 5 %")
    for name, row in told["typologies"].items():
        print(f"{name:36} {row['positives']:9d}  {row['recall_5%']:.3f}")
    print(f"{told['seconds']} s")


def main() -> None:
    """Print the table."""
    current = ROOT / "models" / "shipment"
    default = None
    if (current / "CURRENT").is_file():
        default = current / (current / "CURRENT").read_text("utf-8").strip() / "recipe.json"
    parser = asking.parser(__doc__, peers=",".join(PEERS), json=False)
    parser.add_argument("--recipe", type=Path, default=default)
    given = parser.parse_args()
    told = run(recipes.read(given.recipe), [name for name in given.peers.split(",") if name])
    print(json.dumps(told)) if given.json else show(told)


if __name__ == "__main__":
    main()
