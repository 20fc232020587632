"""JupyterLab's settings in a kernel: in force for the cell behind them, and below all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.kernel.mailbox import REQUEST
from nbagent.magics.lab_defaults import ADDRESS, NAMES, LabDefaults
from nbagent.settings import Settings, resolve
from tests.live_kernel import LiveKernel

SCHEMA = Path(__file__).parents[1] / "labextension" / "schema" / "plugin.json"


def told(**values: Any) -> dict[str, Any]:
    return {"run_id": ADDRESS, "request_id": json.dumps(values), "action": "defaults"} | {
        "values": values
    }


def test_they_come_below_the_environment_and_above_the_defaults() -> None:
    lab = {"model": "from-lab", "endpoint": "vllm", "max_usd": 0.25}
    settings = resolve({}, {"max_usd": None}, {"NBAGENT_ENDPOINT": "sglang"}, lab)
    assert (settings.model, settings.endpoint, settings.max_usd) == ("from-lab", "sglang", 0.25)
    assert resolve({}, {"model": "from-config"}, {}, lab).model == "from-config"
    assert resolve({}, {}, {}).model != "from-lab", "the control: without them nothing is told"


def test_a_value_of_the_wrong_kind_changes_nothing() -> None:
    defaults = LabDefaults()
    assert defaults.answer("defaults", told(max_steps=7, ask="never"))["in_force"] == {
        "max_steps": 7,
        "ask": "never",
    }
    for wrong in ({"max_steps": "many"}, {"ask": "sometimes"}, {"max_usd": [1]}):
        with pytest.raises(LookupError, match="JupyterLab's setting"):
            defaults.answer("defaults", told(**wrong))
    assert defaults.chosen()["max_steps"] == 7
    assert defaults.answer("defaults", told(api_key="secret", max_usd=2)) == {
        "in_force": {"max_usd": 2.0}
    }
    with pytest.raises(LookupError, match="no action"):
        defaults.answer("forget", told())


def test_the_schema_has_the_same_names_and_defaults() -> None:
    properties = json.loads(SCHEMA.read_text())["properties"]
    own = Settings()
    for name in NAMES:
        default = properties[name]["default"]
        assert default == ("" if name in {"model", "endpoint"} else getattr(own, name)), name
    assert not [name for name in properties if "key" in name.lower()]


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


def tell(kernel: LiveKernel, **values: Any) -> None:
    kernel.client.shell_channel.send(kernel.client.session.msg(REQUEST, told(**values)))


@pytest.mark.kernel
def test_they_hold_for_the_cell_that_is_sent_behind_them(kernel: LiveKernel) -> None:
    ask = "%%kimi --new lesson long 6"
    tell(kernel, max_steps=2)
    assert "2 steps limit" in kernel.run(ask).text, "sent at once, without a wait for an answer"
    tell(kernel, max_steps=3)
    assert "3 steps limit" in kernel.run(ask).text
    assert "4 steps limit" in kernel.run("%config Kimi.max_steps = 4\n").text + kernel.run(ask).text
