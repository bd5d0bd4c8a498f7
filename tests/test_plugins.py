"""Entry points and modules of one's own: what they register, and what is said of faulty ones."""

import sys
from pathlib import Path

import pytest

from skyclass import cluster
from skyclass.config.experiment_file import format_config, read_config
from skyclass.errors import PluginError
from skyclass.images.registry import get_image_type, image_types
from skyclass.plugins import import_plugins, imported_plugins, load_plugins, locate_plugin
from skyclass.tasks import registry
from skyclass.tasks.registry import get_task
from skyclass.tasks.task import Task
from support.packages import install


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_entry_points_name_is_registered_once(packages: Path) -> None:
    code = "NUMBER = 7\n\ndef make():\n    return 8\n\ndef fail():\n    raise OSError('no disk')\n"
    entries = {"one": "numbers_a:NUMBER", "other": "numbers_a:make", "bad": "numbers_a:fail"}
    install(packages, "numbers_a", "skyclass.numbers", entries, code)
    registered: list[int] = []
    with pytest.warns(UserWarning, match=r"entry point 'bad' of skyclass\.numbers .* left out:"):
        load_plugins("skyclass.numbers", int, registered.append)
    assert sorted(registered) == [7, 8]
    load_plugins("skyclass.numbers", int, registered.append)
    assert sorted(registered) == [7, 8]


def test_an_image_type_of_another_package(packages: Path) -> None:
    code = (
        "from skyclass.images.image_type import ImageType\n"
        "def make():\n"
        "    return ImageType('doubled', ('r',), 1, 'twice the flux', lambda flux: 2 * flux,\n"
        "                     lambda images: images.expand(-1, 3, -1, -1))\n"
    )
    install(packages, "doubling", "skyclass.image_types", {"doubled": "doubling:make"}, code)
    assert get_image_type("doubled").bands == ("r",)
    assert "doubled" in image_types()
    sys.modules.pop("doubling", None)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Task]:
    """Registry of tasks that is as it was after the test."""
    copy = dict(registry._TASKS)
    monkeypatch.setattr(registry, "_TASKS", copy)
    return copy


def write_plugin(folder: Path, name: str, task: str) -> Path:
    """Write a module that registers a task, with the help of another one beside it."""
    folder.mkdir(exist_ok=True)
    (folder / f"helper_of_{name}.py").write_text(f"NAME = {task!r}\n")
    path = folder / f"{name}.py"
    path.write_text(
        "from skyclass import register_task\n"
        "from skyclass.tasks.task import Task\n"
        f"from helper_of_{name} import NAME\n"
        "TASK = register_task(Task(NAME, ('a', 'b'), ('class',), print))\n"
    )
    return path


def test_a_file_is_imported_once_with_its_folder_on_the_path(
    tmp_path: Path, tasks: dict[str, Task]
) -> None:
    path = write_plugin(tmp_path, "plugin_a", "task-a")
    before = list(sys.path)
    import_plugins([str(path)])
    import_plugins([str(path)])
    assert tasks["task-a"].classes == ("a", "b")
    assert sys.path == before
    assert str(path) in imported_plugins()


def test_an_experiment_file_names_a_file_beside_it_or_an_installed_module(
    tmp_path: Path, packages: Path, tasks: dict[str, Task]
) -> None:
    beside = write_plugin(tmp_path / "beside", "plugin_b", "task-b")
    write_plugin(packages, "plugin_c", "task-c")
    file = tmp_path / "beside" / "e.toml"
    file.write_text(
        'plugins = ["plugin_b", "plugin_c"]\ntask = "task-b"\n[catalog]\npath = "c.csv"'
    )
    config = read_config(file)
    assert config.plugins == (str(beside), "plugin_c")
    assert {"task-b", "task-c"} <= tasks.keys()
    # found again from a copy of the file that lies elsewhere
    copy = tmp_path / "elsewhere" / "e.toml"
    copy.parent.mkdir()
    copy.write_text(format_config(config))
    assert read_config(copy).plugins == config.plugins


def test_a_package_may_register_what_its_entry_point_names(
    packages: Path, tasks: dict[str, Task], recwarn: pytest.WarningsRecorder
) -> None:
    code = write_plugin(packages, "plugin_d", "task-d").read_text()
    install(packages, "plugin_d", "skyclass.tasks", {"d": "plugin_d:TASK"}, code)
    assert get_task("task-d") is tasks["task-d"]
    assert not recwarn.list


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "the plugin .*faulty.py does not exist"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError: No module named"),
        ("1 / 0", "faulty.py cannot be imported: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "faulty.py cannot be imported: SystemExit: 3"),
        ("def", "faulty.py cannot be imported: SyntaxError: invalid syntax"),
        ("NUMBER = 7", "faulty.py registers nothing; call register_image_type, "),
    ],
)
def test_what_is_wrong_with_a_plugin_is_one_line(
    tmp_path: Path, code: str | None, message: str
) -> None:
    if code is not None:
        (tmp_path / "faulty.py").write_text(code)
    sys.modules.pop("faulty", None)
    with pytest.raises(PluginError, match=message) as caught:
        import_plugins([str(tmp_path / "faulty.py")])
    assert "\n" not in str(caught.value)
    sys.modules.pop("faulty", None)


def test_a_module_that_is_not_installed(tmp_path: Path) -> None:
    assert locate_plugin("no_such.module", tmp_path) == "no_such.module"
    with pytest.raises(PluginError, match=r"'no_such.module' does not exist: no module of that"):
        import_plugins(["no_such.module"])


def test_two_files_of_one_name(tmp_path: Path, tasks: dict[str, Task]) -> None:
    import_plugins([str(write_plugin(tmp_path / "one", "plugin_e", "task-e"))])
    other = write_plugin(tmp_path / "other", "plugin_e", "task-f")
    with pytest.raises(PluginError, match=r"other/plugin_e.py has the name of another module.*one"):
        import_plugins([str(other)])


def test_workers_of_a_cluster_import_them_first(tmp_path: Path, tasks: dict[str, Task]) -> None:
    path = write_plugin(tmp_path, "plugin_g", "task-g")
    found = cluster._call([str(path)], lambda name: get_task(name).columns, ("task-g",))
    assert found == ("class",)
