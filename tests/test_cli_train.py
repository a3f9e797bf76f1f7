"""``fm train``, ``fm reproduce``, ``fm tag``: from the command line to a model that ingests, queries and matches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fashion_match import cli
from tests.test_cli import fm, lines

__all__ = ["fm"]  # the fixture

SMALL = ["--backbone", "mobilenet_v3_small", "--weights", "none", "--image-size", "32", "--batch-size", "24"]
DRAWN = ["--set", "reader.n_styles=60", "--set", "reader.views=2", "--set", "reader.size_px=96"]


@pytest.fixture
def source(photos: Path) -> str:
    return f"drawn:{photos}"


def start(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``fm`` as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fashion_match", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )


def test_a_model_works_at_once_in_ingest_query_match_and_tag(fm, source, photos):
    code, out, err = fm("train", source, *DRAWN, *SMALL, "-p", "classifier", "--epochs", 2, "--out", "run")
    assert code == 0
    assert "Run: run" in err
    assert "epoch 2: loss" in err
    assert "before" in out
    assert "Next: fm ingest SOURCE --model run" in out
    drawn = [part.replace("reader.", "") for part in DRAWN]
    assert fm("ingest", source, *drawn, "--model", "run")[0] == 0
    photo = sorted(photos.glob("*.jpg"))[0]
    code, out, _ = fm("query", photo, "-k", 2, "--json")
    assert lines(out)[0]["score"] == pytest.approx(1, abs=1e-3)
    code, out, _ = fm("match", photo, photo, "--model", "run", "--json")
    assert json.loads(out)["score"] == 1
    code, out, _ = fm("tag", photo, "--model", "run", "--json")
    told = lines(out)[0]["attributes"]
    assert {"category", "color"} <= told.keys()
    assert all(0 < one["confidence"] <= 1 for one in told.values())
    code, out, err = fm("tag", photo, "nowhere.jpg")
    assert code == 3
    assert "nowhere.jpg cannot be used: does not exist." in err


def test_what_is_told_is_what_the_classifier_says(fm, source, photos):
    import torch

    from fashion_match import Plugins
    from fashion_match.core.model.artifact import load_module, read_card
    from fashion_match.core.model.predictor import Predictor

    fm("train", source, *DRAWN, *SMALL, "-p", "classifier", "--epochs", 1, "--out", "run")
    network = load_module(Path("run/model"), Plugins(installed=[]))
    rows = torch.nn.functional.normalize(torch.randn(5, network.dim))
    card = read_card(Path("run/model"))
    told = Predictor(Path("run/model")).predict(rows.tolist())
    for name, logits in network.classifier(rows).items():
        chances = (logits / card.temperatures[name]).softmax(dim=1)
        for row, chance in zip(told, chances, strict=True):
            assert row[name].value == card.classes[name][int(chance.argmax())]
            assert row[name].confidence == pytest.approx(float(chance.max()), abs=2e-4)
    code, _, err = fm("tag", sorted(photos.glob("*.jpg"))[0], "--model", plain_model(fm, source))
    assert code == 4
    assert "--plugin classifier" in err


def plain_model(fm, source) -> str:
    fm("train", source, *DRAWN, *SMALL, "--epochs", 1, "--out", "plain")
    return "plain"


def test_json_has_the_figures(fm, source):
    code, out, _ = fm("train", source, *DRAWN, *SMALL, "--epochs", 1, "--out", "run", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["run"] == "run"
    assert found["monitor"] == "val/map@r"
    assert found["figures"].keys() >= {"val/map@r", "val/recall@1"}
    assert found["n_train"] + found["n_judged"] <= 120
    code, out, _ = fm("reproduce", "run", "--json")
    again = json.loads(out)
    assert code == 0
    assert again["same_weights"]
    assert Path(again["run"]).is_dir()


def test_a_repetition_that_fails_has_an_exit_code(fm, source):
    fm("train", source, *DRAWN, *SMALL, "--epochs", 1, "--out", "run")
    file = Path("run/manifest.json")
    told = json.loads(file.read_text())
    told["fingerprint"], told["figures"]["val/recall@10"] = "x", 2.0
    file.write_text(json.dumps(told))
    code, out, _ = fm("reproduce", "run", "--out", "again")
    assert code == 3
    assert "does not agree" in out


def test_a_loss_and_its_miner_are_reached_by_name(fm, source):
    loss = ["loss=triplet_margin", "loss.margin=0.2", "loss.distance=cosine_similarity", "loss.miner=triplet_margin"]
    more = ["loss.miner.type_of_triplets=semihard", "loss.miner.distance=cosine_similarity", "dim=100", "hidden="]
    settings = [part for pair in [*loss, *more] for part in ("--set", pair)]
    code, _, _ = fm("train", source, *DRAWN, *SMALL, "--epochs", 1, "--out", "run", *settings)
    assert code == 0
    assert json.loads(Path("run/model/card.json").read_text())["dim"] == 100
    assert "train/triplet.mined" in Path("run/metrics.csv").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        (["--plugin", "triplett"], "there is no method 'triplett'", "'triplet'"),
        (["--set", "margn=1"], "triplet has no option 'margn'", "options"),
        (["--set", "loss=contrastiv"], "there is no loss 'contrastiv'", "'contrastive'"),
        (["--set", "loss=contrastive", "--set", "loss.margin=1"], "contrastive has no option 'margin'", "neg_margin"),
        (["--lr", "-1"], "the option lr = -1.0", "--help"),
        (["--stage", "epochs=2,rate=1"], "a stage has no option 'rate'", "lr"),
        (["--augment", "flop"], "there is no augmentation 'flop'", "'flip'"),
        (["--freeze", "featurs"], "no layer of that name", "'features."),
        (["--recipe", "same-stile"], "there is no recipe 'same-stile'", "'same-style'"),
        (["--init", "nowhere"], "there is no such file or folder", "model folder"),
        (["--init", "run", "--weights", "none"], "--init brings its own weights", "--weights"),
        (["--schedule", "linear"], "schedule = 'linear'", "--help"),
        (["--device", "cuda:7"], "this machine has no device", "cpu"),
        (["--logger", "nothing"], "is not among csv, tensorboard", "--help"),
        (["--resume", "nowhere"], "a run that is resumed goes on as it was begun", "--resume DIR alone"),
    ],
)
def test_mistakes_get_two_lines_and_leave_nothing(fm, source, tmp_path, arguments, problem, remedy):
    given = SMALL[4:] if "--init" in arguments else SMALL
    code, out, err = fm("train", source, *DRAWN, *given, "--epochs", 1, "--out", "out", *arguments)
    assert code in (2, 4)
    assert out == ""
    assert problem in err
    assert remedy in err
    assert len(err.strip().splitlines()) <= 2
    assert not (tmp_path / "out").exists()


def test_nothing_to_train_on(fm):
    assert fm("train")[0] == 2
    code, _, err = fm("train", "--resume", "nowhere")
    assert code == 2
    assert "nowhere is no run" in err
    code, _, err = fm("train", "missing-folder")
    assert code == 2
    assert "missing-folder" in err


def test_pretrained_weights_that_cannot_be_had_say_what_to_do(fm, source, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("torch.hub.download_url_to_file", lambda *_, **__: (_ for _ in ()).throw(OSError("no network")))
    code, _, err = fm("train", source, *DRAWN, "--backbone", "mobilenet_v3_small", "--out", "run")
    assert code == 4
    assert "--weights none" in err
    assert not (tmp_path / "run").exists()


def test_recipes_that_come_with_the_program_are_understood(plugins):
    from fashion_match.core.train.option import parse_options
    from fashion_match.core.train.request import make_request, recipe_names

    names = recipe_names()
    assert {"same-style", "category-staged", "clothes-type", "clothes-metric", "photo-and-attributes"} <= set(names)
    for name in names:
        request = make_request(recipe=name, source="x", methods=(), settings={}, options={})
        parse_options(request.options)
        assert request.backbone is None or request.backbone in plugins.backbones
        for method in request.methods:
            options = plugins.methods[method].parse(request.method_options.get(method, {}))
            loss = getattr(options, "loss", None)
            if loss is not None:
                plugins.losses[loss.name].parse(loss.options)


def test_processes_that_augment_make_the_same_model(source, tmp_path):
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux alone")
    prints = []
    for workers in ("0", "2"):
        done = start(
            "train", source, *DRAWN, *SMALL, "--epochs", "2", "--workers", workers, "--out", workers, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        prints.append(json.loads((tmp_path / workers / "manifest.json").read_text())["fingerprint"])
    assert prints[0] == prints[1]


@pytest.mark.slow
def test_two_processes_train_one_model(source, tmp_path):
    done = start(
        "train", source, *DRAWN, *SMALL, "--epochs", "2", "--out", "run", "--device", "cpu",
        "--devices", "2", "--strategy", "ddp", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Run: run") == 1
    assert done.stdout.count("Next: fm ingest") == 1
    assert (tmp_path / "run" / "model" / "card.json").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on(source, tmp_path):
    import time

    arguments = ["train", source, *DRAWN, *SMALL, "--epochs", "6"]
    alone = start(*arguments, "--out", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    running = subprocess.Popen(
        [sys.executable, "-m", "fashion_match", *arguments, "--out", "killed"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while not (tmp_path / "killed" / "last.ckpt").exists() and running.poll() is None:
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert not (tmp_path / "killed" / "model").exists()
    done = start("train", "--resume", "killed", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    prints = [json.loads((tmp_path / n / "manifest.json").read_text())["fingerprint"] for n in ("alone", "killed")]
    assert prints[0] == prints[1]


def test_the_help_names_every_option_of_a_run():
    import typer

    from fashion_match.core.train.option import TrainOptions

    command = typer.main.get_command(cli.make_app()).commands["train"]
    given = {param.name for param in command.params}
    renamed = {"image_size_px": "image_size", "stages": "stage", "loggers": "logger"}
    missing = {name for name in TrainOptions.model_fields if renamed.get(name, name) not in given}
    assert missing == {"max_validation"}
