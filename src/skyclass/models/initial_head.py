"""Choose the head that a network starts with: that of its initial weights, or a fresh one."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

__all__ = ["choose_head"]


def choose_head(
    head: nn.Module,
    stored: Mapping[str, Tensor],
    labels: Sequence[str],
    stored_labels: Sequence[str] | None = None,
) -> tuple[dict[str, Tensor], str]:
    """Choose the stored head if it is for the same classes and of the same layers.

    Parameters
    ----------
    head
        Fresh head of the network, not changed.
    stored
        Head of the initial weights, by the names in `head`; may be empty.
    labels
        Classes of the network.
    stored_labels
        Classes of the initial weights, if they are known.

    Returns
    -------
    weights
        Weights of the head to start with.
    origin
        Whether they are kept or made anew, and why, for the user.
    """
    fresh = dict(head.state_dict())
    if not stored:
        return fresh, "made anew: the initial weights have none for these classes"
    # the last layer has the longest name, or the last of several
    classes = len(stored[max(stored, key=lambda name: (len(name), name))])
    if stored_labels is not None and tuple(stored_labels) != tuple(labels):
        return fresh, f"made anew: that of the initial weights is for {', '.join(stored_labels)}"
    if classes != len(labels):
        return fresh, f"made anew: that of the initial weights is for {classes} classes"
    if {n: v.shape for n, v in stored.items()} != {n: v.shape for n, v in fresh.items()}:
        return fresh, "made anew: that of the initial weights has other layers"
    same = "the same" if stored_labels is not None else "as many"
    return dict(stored), f"kept: that of the initial weights is for {same} classes"
