"""Runs from end to end: what they leave behind, that they can be cut off and repeated, and what they refuse."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fashion_match import DataError, ModelError, PluginError, UsageError
from fashion_match.core.model.artifact import load_module, read_card
from fashion_match.core.train.manifest import read_manifest
from fashion_match.core.training import reproduce, resume
from tests.drawn import N


def weights(report) -> dict[str, torch.Tensor]:
    return load_file(report.model / "weights.safetensors")


def equal(a: dict, b: dict) -> bool:
    """Bit for bit; what a loss keeps beside tensors counts too."""
    same = lambda x, y: torch.equal(x, y) if isinstance(x, torch.Tensor) else str(x) == str(y)  # noqa: E731
    return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)


# What a run leaves


def test_a_run_leaves_a_model_its_figures_and_its_manifest(run, tiny):
    report = run()
    card = read_card(report.model)
    assert card.head == "triplet"
    assert card.dim == 128
    assert card.provenance["run"]["methods"] == ["triplet"]
    assert load_module(report.model, tiny)(torch.zeros(2, 32, 32, 3, dtype=torch.uint8)).shape == (2, 128)
    rows = list(csv.DictReader((report.folder / "metrics.csv").open()))
    assert [float(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    assert (report.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    manifest = read_manifest(report.folder)
    assert manifest.state == "complete"
    assert manifest.fingerprint == card.fingerprint
    assert manifest.data["n_train"] + manifest.data["n_held_out"] == N
    assert manifest.figures == report.figures
    assert manifest.before == report.before
    assert not (report.folder / "best.safetensors").exists()


def test_the_best_epoch_is_kept_and_its_weights_are_those_that_scored(run, tiny):
    report = run(epochs=6, lr=1e-2)
    best = max(report.history, key=lambda row: row["val/map@r"])
    assert report.figures["val/map@r"] == best["val/map@r"]
    again = run("again", init=str(report.folder), backbone=None, weights=None, epochs=1, lr=1e-9)
    assert again.before["val/map@r"] == report.figures["val/map@r"]
    assert again.before["val/recall@1"] == report.figures["val/recall@1"]


def test_training_finds_held_out_styles_better_than_the_start(run):
    report = run(epochs=15, lr=1e-2, settings={"dropout": 0, "dim": 32, "loss": {"name": "multi_similarity"}})
    assert report.improved
    assert report.figures["val/map@r"] > report.before["val/map@r"] + 0.1


def test_where_nothing_is_better_than_the_start_the_start_is_kept(run):
    start = run("start", method="orthogonal", epochs=1, lr=1e-12)
    report = run(method="orthogonal", lr=3.0, optimizer="sgd", epochs=3)
    assert not report.improved
    assert equal(weights(report), weights(start))


def test_a_threshold_is_fitted_for_the_rate_that_is_wanted(run):
    strict, loose = run("strict", false_match_rate=0.01), run("loose", false_match_rate=0.5)
    assert strict.card.threshold is not None
    assert loose.card.threshold is not None
    assert strict.card.threshold > loose.card.threshold
    assert strict.card.calibration["n_genuine"] > 0


# Cut off, repeated


class Cut(Exception):
    pass


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": "plateau", "patience": 0},
        {"settings": {"loss": {"name": "contrastive", "memory": 48}}},
        {"method": "classifier", "stages": [{"epochs": 2, "train": "head"}, {"epochs": 3, "image_size_px": 32}]},
    ],
    ids=["triplet", "plateau", "memory", "stages"],
)
def test_a_run_that_is_cut_off_and_resumed_is_bit_for_bit_one_left_alone(run, tiny, tmp_path, options):
    alone = run("alone", epochs=5, **options)

    def cut(progress):
        if progress.phase == "train" and progress.epoch == 4 and progress.row is None:
            raise Cut

    with pytest.raises(Cut):
        run("cut", epochs=5, on_progress=cut, **options)
    assert not (tmp_path / "cut" / "model").exists()
    resumed = resume(tiny, tmp_path / "cut")
    assert resumed is not None
    assert equal(weights(resumed), weights(alone))
    timed = {"seconds"}
    assert [{k: v for k, v in row.items() if k not in timed} for row in resumed.history] == [
        {k: v for k, v in row.items() if k not in timed} for row in alone.history
    ]
    # That the epochs after the cut count is seen by the last checkpoint, whatever epoch was the best.
    ends = [torch.load(tmp_path / n / "last.ckpt", weights_only=True)["state_dict"] for n in ("alone", "cut")]
    assert equal(*ends)


def test_only_an_unfinished_run_on_the_same_data_is_resumed(run, tiny, tmp_path, photos):
    done = run("done")
    with pytest.raises(UsageError, match="is complete"):
        resume(tiny, done.folder)
    mine = Path(shutil.copytree(photos, tmp_path / "mine"))

    def cut(progress):
        if progress.epoch == 2:
            raise Cut

    with pytest.raises(Cut):
        run("cut", source=str(mine), reader="style-id", on_progress=cut)
    next(mine.glob("*.jpg")).unlink()
    with pytest.raises(UsageError, match="no longer what the run"):
        resume(tiny, tmp_path / "cut")
    with pytest.raises(UsageError, match="is no run"):
        resume(tiny, tmp_path / "nowhere")


@pytest.mark.parametrize("options", [{"epochs": 3}, {"epochs": None, "max_minutes": 0.05}], ids=["epochs", "minutes"])
def test_a_run_is_repeated_bit_for_bit(run, tiny, tmp_path, options):
    report = run(**options)
    found = reproduce(tiny, report.folder, tmp_path / "again")
    assert found.same_weights
    assert found.agrees
    assert found.largest == 0
    assert found.changed == ()


def test_a_repetition_that_differs_is_told_by_how_much(run, tiny, tmp_path):
    report = run()
    file = report.folder / "manifest.json"
    told = json.loads(file.read_text())
    told["figures"]["val/map@r"] += 0.5
    told["fingerprint"] = "another"
    told["versions"]["torch"] = "0.1"
    file.write_text(json.dumps(told))
    found = reproduce(tiny, report.folder, tmp_path / "again")
    assert not found.agrees
    assert found.largest == pytest.approx(0.5)
    assert any(line.startswith("torch 0.1 is now") for line in found.changed)


def test_another_seed_gives_another_model(run):
    assert not equal(weights(run("a", epochs=1, seed=1)), weights(run("b", epochs=1, seed=2)))


def test_the_time_limit_holds_and_the_rate_has_come_down_by_then(run):
    report = run(epochs=None, max_minutes=0.08)
    assert report.seconds < 0.08 * 60 + 3
    assert len(report.history) > 3
    assert report.history[-1]["lr"] < 0.05 * max(row.get("lr", 0) for row in report.history)


# What is trained, and what is not


def changed(report, start) -> set[str]:
    a, b = weights(report), weights(start)
    return {name for name in a if name in b and not torch.equal(a[name], b[name])}


def test_everything_is_trained_but_what_is_frozen(run):
    start = run("start", epochs=1, lr=1e-12, batch_norm="frozen")
    monitor = {"monitor": "val/map@r", "validation": 0.0}  # nothing is held out, so the last epoch is kept
    everything = changed(run("all", epochs=2, **monitor), start)
    assert {"backbone.0.weight", "backbone.3.weight", "backbone.1.running_mean", "head.layers.0.weight"} <= everything
    frozen = changed(run("frozen", epochs=2, freeze=["0", "1"], **monitor), start)
    assert not {name for name in frozen if name.startswith(("backbone.0.", "backbone.1."))}
    assert {"backbone.3.weight", "backbone.4.running_mean", "head.layers.0.weight"} <= frozen
    head = changed(run("head", stages=[{"epochs": 2, "train": "head"}], **monitor), start)
    assert not {name for name in head if name.startswith("backbone.")}
    assert "head.layers.0.weight" in head
    kept = changed(run("norm", epochs=2, batch_norm="frozen", **monitor), start)
    assert not {name for name in kept if "running" in name and name.startswith("backbone")}
    assert "backbone.0.weight" in kept


def test_the_learning_rate_finder_changes_nothing_but_the_rate(run):
    found = run("found", find_lr=True, epochs=1)
    assert found.found_lr is not None
    assert len(found.found_lr["rates"]) == len(found.found_lr["losses"]) > 10
    rate = found.found_lr["suggestion"]
    assert 1e-6 <= rate <= 1
    assert equal(weights(run("given", lr=rate, epochs=1)), weights(found))
    assert (found.folder / "learning-rate.png").exists()


def test_stages_have_their_own_rate_and_size(run, tiny):
    sizes = []
    report = run(
        method="classifier",
        stages=["epochs=1,lr=1e-2,train=head,size=24", "epochs=2,lr=1e-4,size=40"],
        schedule="constant",
        on_progress=lambda progress: sizes.append(progress.phase == "decode" and progress.part == 1),
    )
    assert [row["lr"] for row in report.history if row["epoch"] > 0] == [1e-2, 1e-4, 1e-4]
    assert report.card.preprocess.crop_px == 40
    assert sum(sizes) == 3  # photos of 24 px, held-out photos, photos of 40 px


def test_plateau_lowers_the_rate(run):
    report = run(epochs=4, schedule="plateau", patience=0, factor=0.1, lr=1e-12)
    rates = [row["lr"] for row in report.history if row["epoch"] > 0]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0]


def test_a_run_stops_when_nothing_gets_better(run):
    report = run(method="orthogonal", lr=3.0, optimizer="sgd", epochs=50, stop_after=2)
    assert len(report.history) == 3


def test_a_loss_with_proxies_learns_them(run):
    report = run(settings={"loss": {"name": "proxy_anchor"}}, loss_lr=100.0)
    state = torch.load(report.folder / "last.ckpt", weights_only=True)["state_dict"]
    assert any(name.startswith("terms.") and tensor.ndim == 2 for name, tensor in state.items())


def test_two_methods_share_an_embedding(run):
    report = run(method=("classifier", "instance"), settings={"instance": {"weight": 0.5}}, batch_size=24)
    row = report.history[-1]
    assert {"train/instance/instance", "train/classifier/category", "val/accuracy:color"} <= row.keys()
    assert report.card.head == "classifier"


# Methods end to end


def test_a_tiny_set_is_learned_by_heart(run, tmp_path, photos):
    few = tmp_path / "few"
    few.mkdir()
    for style in range(1, 7):
        for view in (1, 2):
            shutil.copy(photos / f"style-{style:04}_{view}.jpg", few)
    report = run(
        source=str(few),
        reader="style-id",
        validation=0.0,
        epochs=60,
        augment="none",
        schedule="constant",
        batch_size=12,
        lr=1e-2,
        settings={"dropout": 0, "dim": 16, "loss": {"name": "contrastive", "neg_margin": 0.7}},
    )
    losses = [row["train/loss"] for row in report.history]
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize("method", ["classifier", "attribute-fusion", "instance"])
def test_the_loss_falls(run, method):
    told = {"leave_out_photo": 0.0, "leave_out_attribute": 0.0} if method == "attribute-fusion" else {}
    report = run(method=method, epochs=12, lr=1e-2, augment="standard", settings={"dropout": 0, **told})
    losses = [row["train/loss"] for row in report.history if "train/loss" in row]
    assert min(losses[-3:]) < 0.7 * losses[0]


def test_orthogonal_pulls_the_items_apart_and_prints_the_oracle_beside_it(run, tmp_path, photos):
    source = tmp_path / "pairs"
    for style in range(1, 13):
        for folder, view in (("targets", 1), ("queries", 2)):
            (source / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(photos / f"style-{style:04}_{view}.jpg", source / folder / f"{style}.jpg")
    (source / "record.csv").write_text("".join(f"{n}.jpg,{n}.jpg\n" for n in range(1, 13)))
    report = run(source=str(source), method="orthogonal", epochs=10, lr=1e-3, monitor="val/view_mrr")
    dots = [row["train/orthogonal"] for row in report.history if row["epoch"] > 0]
    assert dots[-1] < dots[0]
    assert all("val/oracle_top5_error" in row for row in report.history)
    assert report.n_train == 12  # the queries are not trained on
    # One batch of everything, or many of four: the same steps.
    whole = run("whole", source=str(source), method="orthogonal", epochs=3, lr=1e-3, batch_size=12, monitor="epoch")
    parts = run("parts", source=str(source), method="orthogonal", epochs=3, lr=1e-3, batch_size=4, monitor="epoch")
    for name, tensor in weights(whole).items():
        assert torch.allclose(tensor, weights(parts)[name], atol=2e-4), name


def test_fusion_keeps_how_attributes_are_told(run, tiny):
    report = run(method="attribute-fusion")
    card = read_card(report.model)
    assert card.encoding is not None
    assert "color" in card.vocabularies
    assert "price" in card.numbers
    assert {"val/photo_finds_item@1", "val/attributes_find_label@1"} <= report.figures.keys()
    assert load_module(report.model, tiny).head is not None


def test_a_classifier_is_refined_by_triplets(run):
    first = run("first", method="classifier")
    second = run("second", init=str(first.folder), backbone=None, weights=None, epochs=1, lr=1e-12)
    a, b = weights(first), weights(second)
    assert all(torch.equal(a[name], b[name]) for name in a if name.startswith("backbone.") and "running" not in name)
    assert second.card.head == "triplet"


# Bad input: one or two lines, and nothing half-written


def test_what_a_method_needs_is_checked_before_any_work(run, tmp_path, photos):
    plain = tmp_path / "plain"
    plain.mkdir()
    for n, photo in enumerate(sorted(photos.glob("*_1.jpg"))[:8]):
        shutil.copy(photo, plain / f"{n}.jpg")
    with pytest.raises(UsageError, match="triplet needs labels, and no item"):
        run(source=str(plain))
    with pytest.raises(UsageError, match="classifier needs attributes"):
        run(source=str(plain), method="classifier")
    for photo in list(plain.iterdir()):
        photo.rename(plain / f"style{photo.stem}_1.jpg")
    with pytest.raises(UsageError, match="labels has a single photo"):
        run(source=str(plain), reader="style-id")
    for photo in list(plain.iterdir()):
        photo.rename(plain / f"same_{photo.name}")
    with pytest.raises(UsageError, match="the same label, 'same'"):
        run(source=str(plain), reader="style-id")
    with pytest.raises(UsageError, match="no item has the attribute 'colour'") as caught:
        run(label_by=["colour"])
    assert "'color'" in caught.value.remedy
    with pytest.raises(UsageError, match=r"nothing is called 'val/map@k'") as caught:
        run("monitored", monitor="val/map@k")
    assert "'val/map@r'" in caught.value.remedy
    with pytest.raises(PluginError, match="2 to 1000 are needed"):
        run(method="classifier", settings={"attributes": ["color"], "min_count": 500})
    assert not (tmp_path / "run").exists()


def test_labels_of_one_photo_and_too_few_labels_are_told(run, tmp_path, photos):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("style-0001_1", "style-0001_2", "style-0002_1", "style-0002_2", "style-0003_1"):
        shutil.copy(photos / f"{name}.jpg", few)
    told: list[str] = []
    run(source=str(few), reader="style-id", validation=0.0, epochs=1, notify=told.append)
    assert any("1 of 3 labels have a single photo" in line for line in told)
    assert any("3 labels, fewer than the 6" in line for line in told)
    assert any("Nothing is held out" in line for line in told)


def test_broken_photos_are_left_out_wherever_they_are_met(run, tmp_path, photos):
    mine = Path(shutil.copytree(photos, tmp_path / "mine"))
    broken = mine / "style-0001_1.jpg"
    broken.write_bytes(broken.read_bytes()[:500])
    told: list[str] = []
    kept = run("kept", source=str(mine), reader="style-id", epochs=1, notify=told.append)
    assert [failure.reason for failure in kept.failures] == ["truncated"]
    assert any("1 photos cannot be used and are left out: 1 truncated" in line for line in told)
    # Without room to keep the photos they are decoded in every epoch, and the broken one is met in the middle of it.
    streamed = run("streamed", source=str(mine), reader="style-id", epochs=1, cache_mb=0)
    assert [failure.item for failure in streamed.failures] == ["style-0001_1.jpg"]
    for photo in mine.glob("*.jpg"):
        photo.write_bytes(b"no photo")
    with pytest.raises(DataError, match="fewer than two photos"):
        run("none", source=str(mine), reader="style-id")
    assert not (tmp_path / "none").exists()


def test_a_loss_that_is_no_number_ends_the_run_without_a_model(run, tmp_path):
    with pytest.raises(ModelError, match="the loss is nan at step 0") as caught:
        run(settings={"loss": "nan"})
    assert "--lr" in caught.value.remedy
    assert not (tmp_path / "run" / "model").exists()


def test_running_out_of_memory_gives_advice_with_numbers(run, tmp_path, monkeypatch):
    from fashion_match.core.train.module import TrainModule

    def exhausted(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TrainModule, "training_step", exhausted)
    with pytest.raises(ModelError, match="batches of 24 photos of 32 px") as caught:
        run()
    assert "--batch-size 12 --accumulate 2" in caught.value.remedy
    assert not (tmp_path / "run" / "model").exists()


def test_a_model_of_another_version_is_refused(run, tmp_path):
    first = run("first", epochs=1)
    card = first.model / "card.json"
    card.write_text(card.read_text().replace('"version": 1', '"version": 9', 1))
    with pytest.raises(ModelError, match="version 9"):
        run("second", init=str(first.folder), backbone=None, weights=None)


def test_a_folder_that_is_taken_is_left_alone(run, tmp_path):
    report = run()
    before = (report.folder / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match="is there already and holds a run"):
        run()
    assert (report.folder / "manifest.json").read_bytes() == before
