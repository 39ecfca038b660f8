"""Stand-ins, shown on a small front end made here: `alpha` answers for `stood` and `side`."""

import importlib
import importlib.util
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dualtape import standin
from dualtape.core.missing import missing_attribute, nearest_names

FILES = {
    "alpha/__init__.py": """
        from alpha import nn
        from alpha.check import check
        from dualtape.core.missing import missing_attribute
        runs = globals().get("runs", 0) + 1
        softmax = relu = ReLU = _softmix = None
        class Box:
            pass
        def __getattr__(name):
            raise missing_attribute(__name__, name, globals())
        """,
    "alpha/check.py": "def check(): return True",
    "alpha/nn/__init__.py": "",
    "alpha/nn/functional.py": """
        from dualtape.core.missing import missing_attribute
        def relu(x): return x
        def __getattr__(name):
            raise missing_attribute(__name__, name, globals())
        """,
    "alpha/lazy/__init__.py": "",
    "alpha/lazy/deep.py": "value = 7",
    "alpha/broken.py": "import a_dependency_that_is_missing",
    "alpha/keras/__init__.py": "from alpha.keras import layers",
    "alpha/keras/layers.py": "",
}


@pytest.fixture
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `install("stood")` possible, and leaves neither modules nor stand-ins behind."""
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
        file.write_text("\n".join(line[indent:] for line in lines) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(standin.FRONT_ENDS, "stood", {"stood": "alpha", "side": "alpha.keras"})
    yield
    standin.uninstall("stood")
    for name in [name for name in sys.modules if name.partition(".")[0] == "alpha"]:
        del sys.modules[name]


@pytest.fixture
def stood(front_end: None) -> None:
    standin.install("stood")


# What resolves


@pytest.mark.usefixtures("stood")
def test_every_form_of_import_gives_the_modules_of_the_front_end():
    import side
    import side.layers
    import stood
    import stood.lazy.deep as deep
    import stood.nn.functional as functional
    from stood import keras
    from stood.nn import functional as again

    assert stood is sys.modules["stood"] is sys.modules["alpha"]
    assert functional is again is sys.modules["stood.nn.functional"]
    assert functional is sys.modules["alpha.nn.functional"] is stood.nn.functional
    assert deep.value == 7
    assert deep is sys.modules["alpha.lazy.deep"]
    assert keras is side is sys.modules["alpha.keras"]
    assert side.layers is sys.modules["stood.keras.layers"]


@pytest.mark.usefixtures("stood")
def test_a_module_is_executed_once_and_keeps_its_own_name_and_spec():
    import alpha
    import stood

    assert stood.runs == 1
    assert (stood.__name__, stood.__spec__.name) == ("alpha", "alpha")
    assert importlib.reload(stood).runs == 2
    assert alpha is stood


@pytest.mark.usefixtures("front_end")
def test_nothing_is_imported_before_the_program_asks():
    standin.install("stood")
    assert "alpha" not in sys.modules
    assert importlib.util.find_spec("stood").name == "stood"
    assert "alpha" not in sys.modules


@pytest.mark.usefixtures("stood")
def test_find_spec_answers_whether_a_module_is_there():
    assert importlib.util.find_spec("stood.lazy.deep") is not None
    assert importlib.util.find_spec("stood.absent") is None
    import stood

    assert importlib.util.find_spec("stood") is stood.__spec__


@pytest.mark.usefixtures("stood")
def test_a_function_is_not_hidden_by_the_module_of_its_name():
    import stood
    from stood.check import check

    assert stood.check is check


@pytest.mark.usefixtures("stood")
def test_a_namespace_made_at_run_time_resolves():
    import alpha

    made = type(sys)("alpha.made")
    alpha.made = sys.modules["alpha.made"] = made
    importlib.import_module("stood.made")
    assert sys.modules["stood.made"] is made
    assert made.__spec__ is None


@pytest.mark.usefixtures("front_end")
def test_pickles_do_not_need_the_stand_in():
    with standin.installed("stood"):
        import stood

        data = pickle.dumps(stood.Box())
        by_alias = data.replace(b"alpha", b"stood")
        assert type(pickle.loads(by_alias)) is stood.Box
    assert b"stood" not in data
    assert type(pickle.loads(data)).__module__ == "alpha"


@pytest.mark.usefixtures("stood")
def test_threads_that_import_at_once_get_the_same_module():
    barrier, found = threading.Barrier(4), []

    def importer(name: str) -> None:
        barrier.wait()
        found.append(importlib.import_module(name))

    names = ["stood.lazy.deep", "alpha.lazy.deep"] * 2
    threads = [threading.Thread(target=importer, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(module is found[0] for module in found)


# What is missing


@pytest.mark.usefixtures("stood")
def test_a_missing_submodule_names_the_nearest_ones():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'stood.lasy'") as caught:
        importlib.import_module("stood.lasy")
    assert caught.value.name == "stood.lasy"
    assert "nearest in alpha: lazy" in str(caught.value)
    assert "docs/coverage.md" in str(caught.value)


@pytest.mark.usefixtures("stood")
def test_a_missing_attribute_names_the_nearest_ones():
    import stood

    with pytest.raises(AttributeError) as caught:
        _ = stood.sofmax
    assert str(caught.value).splitlines() == [
        "module 'alpha' has no attribute 'sofmax'",
        "  nearest in alpha: softmax",
        "  docs/coverage.md lists what dualtape covers",
    ]
    assert not hasattr(stood, "sofmax")
    assert getattr(stood, "sofmax", 5) == 5


@pytest.mark.usefixtures("stood")
@pytest.mark.parametrize("module", ["stood", "stood.nn.functional"])
def test_a_missing_name_in_a_from_import_is_an_import_error(module: str):
    with pytest.raises(ImportError, match=r"cannot import name 'rellu' from 'alpha") as caught:
        exec(f"from {module} import rellu")
    assert "relu" in str(caught.value).splitlines()[1]
    assert "docs/coverage.md" in str(caught.value)


@pytest.mark.usefixtures("front_end")
def test_a_front_end_that_is_not_there_is_not_replaced_by_the_real_package(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(standin.FRONT_ENDS, "stood", {"json": "alpha.absent"})
    monkeypatch.delitem(sys.modules, "json")
    for name in [name for name in sys.modules if name.startswith("json.")]:
        monkeypatch.delitem(sys.modules, name)
    with (
        standin.installed("stood"),
        pytest.raises(ModuleNotFoundError, match=r"this dualtape has no alpha\.absent"),
    ):
        importlib.import_module("json")


@pytest.mark.usefixtures("stood")
def test_an_import_that_fails_inside_the_front_end_is_shown_as_it_is():
    with pytest.raises(
        ModuleNotFoundError, match=r"^No module named 'a_dependency_that_is_missing'$"
    ):
        importlib.import_module("stood.broken")


def test_the_name_that_the_user_knows_is_in_the_message():
    error = missing_attribute("dualtape.torch.nn", "Liner", ["Linear", "_Liner"])
    assert str(error).startswith("module 'torch.nn' has no attribute 'Liner'\n")
    assert "nearest in dualtape.torch.nn: Linear\n" in str(error)


def test_dunders_get_no_advice():
    assert str(missing_attribute("m", "__path__", ["path"])) == (
        "module 'm' has no attribute '__path__'"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("relu", ["ReLU", "relu"]), ("nn2", ["nn"]), ("zzz", []), ("softmx", ["softmax"])],
)
def test_nearest_names(name: str, expected: list[str]):
    assert nearest_names(name, ["softmax", "relu", "ReLU", "nn", "_softmx"]) == expected


# Coming and going


@pytest.mark.usefixtures("front_end")
def test_install_and_uninstall_are_idempotent():
    before = list(sys.meta_path)
    standin.install("stood")
    standin.install("stood")
    assert len(sys.meta_path) == len(before) + 1
    import stood

    standin.install("stood")
    assert sys.modules["stood"] is stood
    standin.uninstall("stood")
    standin.uninstall("stood")
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.partition(".")[0] in ("stood", "side")]
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'stood'$"):
        importlib.import_module("stood")


@pytest.mark.usefixtures("front_end")
def test_installed_ends_with_its_block_also_when_it_raises():
    def fail() -> None:
        with standin.installed("stood"):
            importlib.import_module("stood")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "stood" not in sys.modules
    assert importlib.util.find_spec("stood") is None


@pytest.mark.usefixtures("stood")
def test_installed_leaves_what_was_installed_before():
    import stood

    with standin.installed("stood"):
        pass
    assert importlib.import_module("stood") is stood


@pytest.mark.usefixtures("front_end")
@pytest.mark.parametrize("name", ["stood", "side.layers"])
def test_a_real_package_that_is_imported_already_is_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    real = type(sys)(name)
    real.__file__ = "/somewhere/real.py"
    monkeypatch.setitem(sys.modules, name, real)
    with pytest.raises(RuntimeError, match=r"already imported, from /somewhere/real.py") as caught:
        standin.install("stood")
    assert "before the first `import" in str(caught.value)
    assert "dualtape run" in str(caught.value)
    assert sys.modules[name] is real
    assert importlib.util.find_spec("alpha") is not None


def test_an_unknown_front_end_is_an_error():
    for function in (standin.install, standin.uninstall):
        with pytest.raises(ValueError, match=r"'torch' and 'tensorflow', not for 'jax'"):
            function("jax")


def test_the_real_front_ends_answer():
    program = """if True:
        import sys
        import dualtape.standin
        dualtape.standin.install()
        import torch, torch.nn.functional as F, tensorflow as tf, keras
        from torch.utils.data import DataLoader
        from tensorflow.keras import layers
        import tensorflow.keras.layers
        for name, module in sys.modules.copy().items():
            if name.partition(".")[0] in ("torch", "tensorflow"):
                assert module is sys.modules["dualtape." + name], name
        assert keras is tf.keras
        for wrong in ("from torch import tensr", "import torch.optin", "tf.constnt"):
            try:
                exec(wrong)
            except (ImportError, AttributeError) as error:
                print(type(error).__name__, str(error).splitlines()[1])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "ImportError",
        "ModuleNotFoundError",
        "AttributeError",
    ]
    for line, name in zip(lines, ("tensor", "optim", "constant"), strict=True):
        assert name in line
