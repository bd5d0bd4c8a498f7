"""Surveys by name: registered once, found with the nearest name, loaded from other packages."""

from dataclasses import replace

import pytest

from skyclass.errors import SurveyError
from skyclass.surveys import registry
from skyclass.surveys.registry import get_file_kind, get_survey, register_survey, surveys
from skyclass.surveys.sdss.survey import SDSS
from support.packages import install


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_surveys", dict(registry._surveys))


def test_a_survey_is_registered_once() -> None:
    copy = replace(SDSS, name="copy", frames=None, pictures=())
    assert register_survey(copy) is copy
    assert get_survey("copy") is copy
    assert surveys()[:3] == ("sdss", "panstarrs", "legacysurveys")
    with pytest.raises(SurveyError, match="survey 'copy' is registered already"):
        register_survey(copy)
    with pytest.raises(SurveyError, match="kind of file 'frames' is registered already"):
        register_survey(replace(SDSS, name="other"))


def test_the_nearest_name() -> None:
    with pytest.raises(SurveyError, match=r"'pan-stars' is unknown; did you mean 'panstarrs'\?"):
        get_survey("pan-stars")
    with pytest.raises(SurveyError, match=r"'frame' is unknown; did you mean 'frames'\?"):
        get_file_kind("frame")
    assert get_file_kind("ps1-fits").default_width == 240


def test_surveys_of_other_packages(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    code = (
        "from dataclasses import replace\n"
        "from skyclass.surveys.sdss.survey import SDSS\n"
        "DEEP = replace(SDSS, name='deep', frames=None, pictures=())\n"
        "def fail():\n"
        "    raise RuntimeError('no filters')\n"
    )
    entries = {"deep": "deep_survey:DEEP", "broken": "deep_survey:fail"}
    install(tmp_path, "deep_survey", "skyclass.surveys", entries, code)
    with pytest.warns(UserWarning, match=r"'broken' of skyclass\.surveys .*no filters"):
        assert get_survey("deep").name == "deep"
    assert "deep" in surveys()
