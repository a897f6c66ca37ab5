"""Tables fit a terminal, and no number is cut, however narrow it is."""

import re
from pathlib import Path

import pytest

from snnrun.report.columns import console, show_table
from snnrun.report.preflight import show_preflight
from snnrun.report.tables import show_parameters, show_summary

LONG = [f"layer_{i}_excitatory_pyramidal" for i in range(8)]
NAMES = ("firing_rate", "fano_factor", "spike_count_correlation_fisher")
TIMES = dict.fromkeys(
    ("build_s", "trace_s", "compile_s", "simulate_s", "realtime_factor", "statistics_s"), 1.0
)
WIDTHS = pytest.mark.parametrize("width", ["80", "60", "40", None])


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")


def at(monkeypatch, width):
    """Set the width of the terminal."""
    if width is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", width)


def fits(out, width, names=()):
    """Return the lines of a text, none of which is cut or longer than the terminal."""
    assert "…" not in out
    assert "\x1b" not in out
    lines = out.splitlines()
    assert width is None or max(map(len, lines)) <= int(width)
    return lines


def summary(populations, se=0.0123):
    """Return what a run of some populations found; each number is another one."""
    entries = {
        p: {
            n: {"value": 0.1 + i + 0.01 * k, "se": se, "units": "spikes/s" if k == 0 else ""}
            for k, n in enumerate(NAMES)
        }
        for i, p in enumerate(populations)
    }
    timings = {**TIMES, "steps_per_s": 1e5, "cache": "hit"}
    return {"statistics": entries, "health": {"verdict": "ok", "details": {}}, "timings": timings}


@WIDTHS
@pytest.mark.parametrize("populations", [LONG, ["E", "I"], [f"L{i}" for i in range(8)]])
def test_every_statistic_of_every_population_is_there(monkeypatch, capsys, width, populations):
    at(monkeypatch, width)
    show_summary(summary(populations), Path("out"))
    table = capsys.readouterr().out.partition("health:")[0]
    lines = fits(table, width)
    for i in range(len(populations)):
        for k in range(len(NAMES)):
            shown = f"{0.1 + i + 0.01 * k:.3f} ± 0.012"
            assert sum(shown in line for line in lines) == 1


def test_a_short_table_is_as_it_was(monkeypatch, capsys):
    at(monkeypatch, "80")
    show_summary(summary(["E", "I"]), Path("out"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["statistic", "E", "I", "units"]
    rate = "firing_rate 0.100 ± 0.012 1.100 ± 0.012 sp/s"
    assert any(" ".join(line.split()) == rate for line in lines)


def test_eight_populations_stand_in_rows(monkeypatch, capsys):
    at(monkeypatch, "80")
    show_summary(summary(LONG), Path("out"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["population", "firing_rate", "sp/s", "fano_factor"]
    assert lines[2].split()[0] == LONG[0]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (None, "over time; with trials=5 network.per_trial=true over networks"),  # older files
        ("time", "over time; with trials=5 network.per_trial=true over networks"),
        ("time and draws", "over time and draws of neurons; with trials=5"),
        ("trials", "over trials of one network\n"),
        ("networks", "over networks\n"),
    ],
)
def test_what_a_standard_error_is_over(capsys, over, said):
    found = summary(["E", "I"])
    found["statistics"]["I"]["fano_factor"] |= {"se_over": over} if over else {}
    show_summary(found, Path("out"))
    assert f"± standard error {said}" in capsys.readouterr().out


def test_a_folder_is_shown_as_it_is_called(capsys):
    show_summary(summary(["E"]), Path("runs[1]"))
    assert "results: runs[1]/results.h5" in capsys.readouterr().out


@WIDTHS
def test_columns_go_on_below_and_begin_with_the_first(monkeypatch, capsys, width):
    at(monkeypatch, width)
    columns = ["name", *(f">{p}" for p in LONG), "units"]
    rows = [["rate", *(f"{i}.25" for i in range(8)), "mV"], None, ["sum", *"abcdefgh", "mV"]]
    show_table(console(), columns, rows, keep_last=True)
    lines = fits(capsys.readouterr().out, width)
    tables = [line for line in lines if line.startswith("rate")]
    assert sum(len(re.findall(r"\d\.25", line)) for line in tables) == 8
    assert all(line.rstrip().endswith("mV") for line in tables)
    assert len(tables) == {"80": 4, "60": 8, "40": 8, None: 1}[width]


@WIDTHS
def test_the_pre_flight(monkeypatch, capsys, width):
    at(monkeypatch, width)
    contacts = {"contacts": 937500, "out_degree": 1234.5, "in_degree": 375.25, "density": 0.123}
    rates = {name: 10.25 + i for i, name in enumerate(LONG)}
    found = {
        "memory_mb": 1.0,
        "memory": {},
        "disk_mb": 1.0,
        "disk": {},
        "measured": None,
        "projections": {f"from_{name}": contacts for name in LONG},
        "inputs": {
            name: {"events_per_step": 1.25, "excitatory": 7.25, "inhibitory": None, "unit": "pA"}
            for name in LONG
        },
        "balanced": {},
        "balanced_reason": "none",
        "rates_expected": rates,
        "rates_source": "assumed",
        "warnings": [],
    }
    show_preflight(found, False)
    out = capsys.readouterr().out
    fits(out[out.index("projection") : out.index("balanced state")], width)
    for text in ("937,500", "1234.5", "375.25", "0.123", "1.25", "7.25"):
        assert len(re.findall(rf"(?<![\d.]){text}(?![\d.])", out)) == 8
    assert all(f"{rate:.4g}" in out for rate in rates.values())


@WIDTHS
def test_parameters(monkeypatch, capsys, width):
    at(monkeypatch, width)
    rows = [("tau_m", "12.3456789", "ms", "a long meaning of this parameter " * 4)]
    show_parameters(rows)
    out = capsys.readouterr().out
    fits(out, width)
    assert "12.3456789" in out
