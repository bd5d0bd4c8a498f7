"""Cost of all scores with their intervals, and how often the intervals hold the truth.

Usage: python benchmarks/scores.py [TESTS]

Cost: 5,000 objects of 7 classes and 1,000 resamples, against a loop of scikit-learn's functions
over resamples (25 of them, scaled up). Coverage: TESTS made-up test sets (400 by default) of
objects that are independent, and of fields that differ in how hard they are.
"""

import sys
import time

import numpy as np
from sklearn import metrics

from skyclass.evaluation.scores import score

CHECKED = (
    *("accuracy", "balanced_accuracy", "f1_macro", "kappa"),
    *("log_loss", "brier", "ece", "roc_auc_macro", "pr_auc_macro"),
)
CLASSES = 7
LOOPED = 25


def made(rng: np.random.Generator, fields: int, each: int, classes: int = 3):
    """Draw true classes and probabilities of a model that is too sure of itself."""
    n = fields * each
    label = rng.integers(0, classes, n)
    ease = np.repeat(rng.normal(2.0, 0.8 if each > 1 else 0.0, fields), each)
    logits = 2.5 * (rng.normal(size=(n, classes)) + ease[:, None] * np.eye(classes)[label])
    raw = np.exp(logits - logits.max(axis=1, keepdims=True))
    return label, raw / raw.sum(axis=1, keepdims=True)


def with_scikit_learn(label: np.ndarray, shares: np.ndarray) -> None:
    """Work out the same scores of one resample."""
    predicted = shares.argmax(axis=1)
    metrics.accuracy_score(label, predicted)
    metrics.balanced_accuracy_score(label, predicted)
    metrics.cohen_kappa_score(label, predicted)
    for average in ("weighted", "macro", None):
        metrics.precision_recall_fscore_support(label, predicted, average=average, zero_division=0)
    metrics.log_loss(label, shares, labels=range(CLASSES))
    metrics.top_k_accuracy_score(label, shares, k=2, labels=range(CLASSES))
    for k in range(CLASSES):
        metrics.roc_auc_score(label == k, shares[:, k])
        metrics.average_precision_score(label == k, shares[:, k])


def cost(n: int = 5000) -> None:
    rng = np.random.default_rng(0)
    label, shares = made(rng, n, 1, CLASSES)
    for name, groups in (("objects", None), ("50 fields", np.arange(n) // 100)):
        start = time.perf_counter()
        score([str(k) for k in range(CLASSES)], label, shares, ordered=True, groups=groups)
        ours = time.perf_counter() - start
        start = time.perf_counter()
        for _ in range(LOOPED):
            rows = rng.integers(0, n, n)
            with_scikit_learn(label[rows], shares[rows])
        loop = (time.perf_counter() - start) * 1000 / LOOPED
        print(
            f"{n} x 1,000 resamples of {name}: {ours:.1f} s, loop {loop:.0f} s: {loop / ours:.0f} x"
        )


def coverage(fields: int, each: int, tests: int) -> None:
    rng = np.random.default_rng(1)
    labels = ("a", "b", "c")
    truth = score(labels, *made(rng, 300_000 // each, each), resamples=2)
    groups = np.repeat(np.arange(fields), each) if each > 1 else None
    held = dict.fromkeys(CHECKED, 0)
    for seed in range(tests):
        scores = score(labels, *made(rng, fields, each), groups=groups, seed=seed)
        for name in CHECKED:
            low, high = scores.ci95[name]
            held[name] += low <= getattr(truth, name) <= high
    shares = ", ".join(f"{name} {100 * count / tests:.1f}" for name, count in held.items())
    print(f"{fields} fields of {each}: held in % of {tests} test sets: {shares}")


if __name__ == "__main__":
    cost()
    for shape in ((300, 1), (50, 12), (25, 12), (6, 40)):
        coverage(*shape, int(sys.argv[1]) if len(sys.argv) > 1 else 400)
