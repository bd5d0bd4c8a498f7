"""The size of contact sheets."""

import numpy as np

from skyclass.images.contact_sheet import draw_sheet


def test_sheets_grow_with_rows_and_blocks() -> None:
    pictures = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    one = draw_sheet(["a"], ["x"], [[pictures]], tile=16)
    more = draw_sheet(["a", "b"], ["x", "x"], [[pictures, pictures]] * 2, tile=16)
    assert more.height - one.height == 19
    assert more.width - one.width == 2 * 16 + 3 + 16
    with_gaps = draw_sheet(["a"], ["x", "y"], [[pictures], [pictures[:0]]], tile=16)
    assert with_gaps.height == more.height
