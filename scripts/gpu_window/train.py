#!/usr/bin/env python3
"""Trains a network by a recipe of configs/recipes on one GPU (or, for rehearsals, the processor), within a number of minutes.

    train.py RECIPE --images PARTS --out DIR --minutes M [--epochs N|auto] [--network] [--width] [--dataset] [--seed] [--batch]
             [--initial-weights W] [--teacher W] [--half] [--commit HASH]

It does what `leveled train` does, for the activations relu and herpn, with the images on the device and the same split, and writes the
same files: weights and card, history.csv, and checkpoint.pt, from which the same command goes on. Other than there, crops, flips, cutouts and
order come from PyTorch's generator, and a batch is one part. `--epochs auto`: as many as will fit, by the rate of the first steps.
"""

import argparse
import csv
import math
import os
import platform
import subprocess
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import yaml

import card
import images as cifar
from network import BLOCKS, Network, evaluate

STARTED = time.monotonic()
WARM_STEPS, TIMED_STEPS = 10, 30  # of `--epochs auto`
MARGIN = 0.85  # share of the time left that `--epochs auto` plans with


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="directory of the parts that pack.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="from the start of this program")
    parser.add_argument("--epochs", help="a number, or auto")
    for key, kind in [("network", str), ("width", int), ("dataset", str), ("seed", int), ("batch", int)]:
        parser.add_argument(f"--{key}", type=kind)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--initial-weights", type=Path)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--half", action="store_true", help="weights in half precision, in which they are evaluated, too")
    parser.add_argument("--commit", default="unknown", help="of this repository, for the card")
    return parser.parse_args(words)


def read_recipe(options):
    """The recipe with what the options replace, and the files that it names."""
    recipe = yaml.safe_load(options.recipe.read_text())
    for key in ("network", "width", "dataset", "seed", "batch"):
        if getattr(options, key) is not None:
            recipe[key] = getattr(options, key)
    if options.epochs and options.epochs != "auto":
        recipe["epochs"] = int(options.epochs)
    if options.learning_rate is not None:
        recipe["optimizer"]["learning_rate"] = options.learning_rate
    if recipe["activation"]["kind"] not in ("relu", "herpn"):
        raise SystemExit(f"{options.recipe}: this script trains relu and herpn; `leveled train` trains the others")
    if (recipe.get("range_penalty") or {}).get("first_epoch_alone"):
        raise SystemExit(f"{options.recipe}: range_penalty.first_epoch_alone is not known here; use `leveled train`")
    if recipe.get("train_on_held_out"):
        raise SystemExit(f"{options.recipe}: train_on_held_out is not known here; use `leveled train`")
    if (recipe.get("distillation") or {}).get("variants"):
        raise SystemExit(f"{options.recipe}: distillation.variants is not known here; use `leveled train`")
    if isinstance((recipe.get("distillation") or {}).get("teacher"), list) and not options.teacher:
        raise SystemExit(f"{options.recipe}: several teachers are not known here; name one by --teacher, or use `leveled train`")
    if recipe["network"] not in BLOCKS:
        raise SystemExit(f"network {recipe['network']}: this script trains {', '.join(BLOCKS)}; `leveled train` trains the others")
    recipe["batch_parts"] = 1
    recipe.setdefault("seed", 0)
    beside = lambda path: path and options.recipe.parent / path
    initial = options.initial_weights or beside(recipe.get("initial_weights"))
    taught = recipe.get("distillation")
    teacher = (options.teacher or beside(taught["teacher"])) if taught else None
    if initial:
        recipe["initial_weights"] = initial.name
    if teacher:
        taught["teacher"] = teacher.name
    return recipe, initial, teacher


def check_beginning(recipe, initial, kind):
    """Initial weights of another shape or activation would be taken over in part only, and the card would say otherwise."""
    usual = {"shortcut": "projection", "pool": "standard"}
    own = {"network": recipe["network"], "width": recipe["width"], "activation": "relu", **usual,
           "normalisation": {"mean": kind["mean"], "std": kind["std"]}}
    for key, value in usual.items():
        if recipe.get(key, value) != value:
            raise SystemExit(f"{key} {recipe[key]} is not known here; use `leveled train`")
    for key, value in own.items() if initial else ():
        found = initial.card.get(key, usual.get(key))
        if found != value:
            raise SystemExit(f"initial weights with {key} {found}: this script begins with {value} alone; use `leveled train`")


def check_held_out(held_out, dataset, *models):
    """A network that saw held out images would make their accuracy too good."""
    for model in models:
        record = model and model.card["dataset"] == dataset and model.card.get("record")
        if record and (record["validation_images"], record["recipe"].get("split_seed", 0)) != held_out:
            raise SystemExit("initial weights and teacher must have held out the same images: validation_images, split_seed")


class Training:
    def __init__(self, options):
        self.options = options
        self.recipe, initial, teacher = read_recipe(options)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.kind = torch.bfloat16 if self.recipe.get("precision") == "bf16" else torch.float32
        kind = cifar.SETS[self.recipe["dataset"]]
        images, labels = cifar.unpack(options.images, self.recipe["dataset"])
        held_out = self.recipe["validation_images"], self.recipe.get("split_seed", 0)
        training, validation = (torch.from_numpy(part) for part in cifar.held_out(images, self.recipe["dataset"], *held_out))
        images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
        self.images, self.labels = images[training].to(self.device), labels[training].to(self.device)
        self.held_out = images[validation].to(self.device), labels[validation].to(self.device)
        self.steps = len(training) // self.recipe["batch"]
        if self.steps == 0:
            raise SystemExit(f"{len(training)} images to train on are fewer than a batch of {self.recipe['batch']}")
        shape = lambda values: torch.tensor(values, device=self.device).view(1, 3, 1, 1)
        mean, deviation = shape(kind["mean"]), shape(kind["std"])
        self.normalise = lambda pixels: (pixels.float() - mean) / deviation
        self.initial, self.taught_by = initial and card.Model(initial), teacher and card.Model(teacher)
        check_beginning(self.recipe, self.initial, kind)
        check_held_out(held_out, self.recipe["dataset"], self.initial, self.taught_by)
        self.teacher = teacher and self.taught_by.network().to(self.device)
        self.checkpoint = options.out / "checkpoint.pt"
        self.begin()

    def begin(self):
        """The network and its momentum as before the first step."""
        recipe = self.recipe
        torch.manual_seed(recipe["seed"])
        classes = cifar.SETS[recipe["dataset"]]["classes"]
        self.network = Network(recipe["network"], recipe["width"], classes, recipe["activation"]["kind"])
        tensors = self.network.tensors
        if self.initial:
            for name, value in self.initial.tensors.items():
                if name in tensors and tensors[name].shape == value.shape:
                    tensors[name] = value.clone()
        self.network.to(self.device).require_gradients()
        self.trained = {name: tensor for name, tensor in self.network.tensors.items() if tensor.requires_grad}
        settings = recipe["optimizer"]
        decays = lambda tensor: tensor.dim() > 1 or settings["decay_norms"]
        groups = [
            {"params": [t for t in self.trained.values() if decays(t)], "weight_decay": settings["weight_decay"]},
            {"params": [t for t in self.trained.values() if not decays(t)], "weight_decay": 0.0},
        ]
        self.sgd = torch.optim.SGD(
            groups, lr=settings["learning_rate"], momentum=settings["momentum"], nesterov=settings["nesterov"]
        )
        self.rows, self.kept, self.before = [], None, 0.0

    def share(self, step, epochs):
        """The learning rate at `step`, from 0, as a share of its peak (src/training/schedule.rs)."""
        schedule, steps = self.recipe["schedule"], self.steps * epochs
        cosine = lambda part: 0.5 * (1 + math.cos(math.pi * min(part, 1)))
        if schedule["kind"] == "one_cycle":
            peak = schedule["rise"] * steps
            start, end, part = (1 / 25, 1, step / peak) if step < peak else (1, 1 / 25e4, (step - peak) / (steps - peak))
            return end + (start - end) * cosine(part)
        warm = steps * schedule["warmup_epochs"] / epochs
        return (step + 1) / warm if step < warm else cosine((step - warm) / max(steps - warm, 1))

    def batch(self, indices, generator):
        """Images with these indices, varied."""
        settings, count = self.recipe["augmentation"], len(indices)
        images, crop = self.images[indices], settings["crop"]
        places = torch.arange(32, device=self.device)
        shift = torch.randint(-crop, crop + 1, (2, count, 1), generator=generator, device=self.device)
        mirrored = torch.rand(count, 1, generator=generator, device=self.device) < (0.5 if settings["flip"] else 0)
        rows, columns = places + shift[0], torch.where(mirrored, 31 - places, places) + shift[1]
        inside = lambda index: 31 - (31 - index.abs()).abs()  # mirrored at the outermost pixels
        images = images.gather(2, inside(rows)[:, None, :, None].expand(-1, 3, -1, 32))
        images = self.normalise(images.gather(3, inside(columns)[:, None, None, :].expand(-1, 3, 32, -1)))
        if settings["padding"] == "zero":
            seen = ((rows == inside(rows))[:, None, :, None]) & ((columns == inside(columns))[:, None, None, :])
            images = images * seen
        if cutout := settings.get("cutout", 0):
            starts = torch.randint(0, 32, (2, count, 1), generator=generator, device=self.device) - cutout // 2
            rows, columns = (starts <= places) & (places < starts + cutout)
            images = images * ~(rows[:, None, :, None] & columns[:, None, None, :])
        return images, self.labels[indices]

    def step(self, images, labels, epoch, epochs):
        """Loss, its gradient, and a step of the optimizer; returns loss and right classes as tensors."""
        recipe = self.recipe
        finish, penalty, taught = recipe.get("finish"), recipe.get("range_penalty"), recipe.get("distillation")
        last = bool(finish) and epoch + finish["epochs"] >= epochs
        weight = penalty_weight(penalty, epoch, epochs)
        charged = (penalty["form"], penalty["bound"]) if weight > 0 else None
        limit = finish["limit"] if last else None
        logits, cost = self.network.forward(images, not last, limit, self.kind, charged)
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.get("label_smoothing", 0.0))
        if taught:
            with torch.no_grad():
                said, _ = self.teacher.forward(images, kind=self.kind)
            share, heat = taught["weight"], taught["temperature"]
            known = said.isfinite().all(1, keepdim=True)
            target = torch.where(known, (said / heat).softmax(1), torch.zeros_like(said))
            apart = F.kl_div((logits / heat).log_softmax(1), target, reduction="sum") * heat**2 / len(labels)
            loss = (1 - share) * loss + share * apart
        if cost is not None:
            loss = loss + weight * cost
        gradients = torch.autograd.grad(loss, list(self.trained.values()), allow_unused=True)
        for tensor, gradient in zip(self.trained.values(), gradients):
            tensor.grad = torch.zeros_like(tensor) if gradient is None else gradient
        if recipe["optimizer"].get("clip_norm"):
            torch.nn.utils.clip_grad_norm_(list(self.trained.values()), recipe["optimizer"]["clip_norm"])
        self.sgd.step()
        return loss.detach(), (logits.argmax(1) == labels).sum()

    def epoch(self, epoch, epochs, steps=None):
        """One pass; returns mean loss and percent right."""
        generator = torch.Generator(self.device).manual_seed(self.recipe["seed"] * 100_003 + epoch)
        order = torch.randperm(len(self.images), generator=generator, device=self.device)
        loss = right = 0
        size = self.recipe["batch"]
        for step in range(self.steps if steps is None else steps):
            for group in self.sgd.param_groups:
                group["lr"] = self.recipe["optimizer"]["learning_rate"] * self.share(epoch * self.steps + step, epochs)
            chosen = order[step % self.steps * size :][:size]
            found = self.step(*self.batch(chosen, generator), epoch, epochs)
            loss, right = loss + found[0], right + found[1]
        count = self.steps if steps is None else steps
        return float(loss) / count, 100 * int(right) / (count * size)

    def left(self):
        """Seconds."""
        return 60 * self.options.minutes - (time.monotonic() - STARTED)

    def affordable(self):
        """As many epochs as will fit, by the rate of the costliest kind of step."""
        finish = (self.recipe.get("finish") or {"epochs": 0})["epochs"]
        last = self.recipe["epochs"] - finish - 1
        self.epoch(last, self.recipe["epochs"], WARM_STEPS)
        start = time.monotonic()
        self.epoch(last, self.recipe["epochs"], TIMED_STEPS)
        step = (time.monotonic() - start) / TIMED_STEPS
        start = time.monotonic()
        self.evaluate()
        seconds = step * self.steps + time.monotonic() - start
        self.begin()
        epochs = max(int(MARGIN * self.left() / seconds), finish + 1)
        print(f"{step * 1e3:.2f} ms a step, {seconds:.2f} s an epoch: {epochs} epochs", flush=True)
        return epochs

    def evaluate(self):
        """Percent right, exploding images, largest inputs, and the tensors that were evaluated: those that a file would hold."""
        tensors = self.network.exported()
        if self.options.half:
            tensors = {name: tensor.half() for name, tensor in tensors.items()}
        recipe = self.recipe
        activation = "relu" if recipe["activation"]["kind"] == "relu" else "coefficients"
        values = {name: tensor.float().to(self.device) for name, tensor in tensors.items()}
        network = Network(recipe["network"], recipe["width"], self.network.classes, activation, values)
        right, exploding, largest = evaluate(network, *self.held_out, self.normalise)
        return 100 * right / len(self.held_out[1]), exploding, max(largest), tensors

    def keep(self, row, tensors):
        """Writes the weights if they are the best: fewest exploding images, then accuracy, then the latest."""
        best = self.rows[self.kept] if self.kept is not None else None
        rank = lambda row: (-row["exploding_images"], row["validation_accuracy_percent"])
        if best is None or self.recipe.get("keep", "best") == "last" or rank(row) >= rank(best):
            self.kept = len(self.rows)
            record = {
                "teacher_sha256": self.taught_by and self.taught_by.card["sha256"],
                "initial_sha256": self.initial and self.initial.card["sha256"],
                "earlier_epochs": self.initial and self.initial.epochs(),
                "epoch": row["epoch"],
                "unfinished": row["epoch"] < self.recipe["epochs"] or None,
                "training_images": len(self.images),
                "validation_images": len(self.held_out[1]),
                "held_out_seen": any(self.may_have_seen(model) for model in (self.initial, self.taught_by)) or None,
                "commit": self.options.commit,
                "hardware": hardware(),
                "seconds": float(round(self.before)),
            }
            percent, exploding = row["validation_accuracy_percent"], row["exploding_images"]
            card.write(self.options.out, self.recipe, tensors, record, percent, exploding)
        self.rows.append(row)

    def may_have_seen(self, model):
        """Whether a network may have been trained on the held out images: its card does not say that it was not."""
        if not model or model.card["dataset"] != self.recipe["dataset"]:
            return False
        record = model.card.get("record")
        return not record or record.get("held_out_seen", False)

    def save(self):
        state = {
            "recipe": self.recipe,
            "others": self.others(),
            "tensors": {name: tensor.detach() for name, tensor in self.network.tensors.items()},
            "sgd": self.sgd.state_dict(),
            "rows": self.rows,
            "kept": self.kept,
            "before": self.before,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def others(self):
        """SHA-256 of the weights that it began as and is taught by: their files may change between two runs."""
        return [model and model.card["sha256"] for model in (self.initial, self.taught_by)]

    def resume(self):
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        asked = dict(self.recipe)
        if self.options.epochs == "auto":
            asked["epochs"] = self.recipe["epochs"] = state["recipe"]["epochs"]
        if state["recipe"] != asked:
            raise SystemExit(f"{self.checkpoint} is of another recipe: choose another --out, or remove it")
        if state.get("others") != self.others():
            raise SystemExit(f"{self.checkpoint} began as, or was taught by, other weights: choose another --out, or remove it")
        with torch.no_grad():
            for name, tensor in self.network.tensors.items():
                tensor.copy_(state["tensors"][name])
        self.sgd.load_state_dict(state["sgd"])
        self.rows, self.kept, self.before = state["rows"], state["kept"], state["before"]

    def run(self):
        """Trains to the end, or as long as the next epoch will fit; returns whether it came to the end."""
        self.options.out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.resume()
        elif self.options.epochs == "auto":
            self.recipe["epochs"] = self.affordable()
        epochs, longest = self.recipe["epochs"], 0.0
        while len(self.rows) < epochs:
            if self.left() < 1.5 * longest or self.left() < 0:
                print(f"out of time after {len(self.rows)} of {epochs} epochs; the same command goes on", flush=True)
                return False
            start, epoch = time.monotonic(), len(self.rows)
            loss, right = self.epoch(epoch, epochs)
            if not math.isfinite(loss):
                raise SystemExit(f"diverged in epoch {epoch + 1}: lower optimizer.learning_rate, or raise range_penalty.weight")
            trained = time.monotonic() - start
            percent, exploding, largest, tensors = self.evaluate()
            self.before += time.monotonic() - start
            row = {
                "epoch": epoch + 1,
                "loss": loss,
                "training_accuracy_percent": right,
                "validation_accuracy_percent": percent,
                "exploding_images": exploding,
                "largest_activation": largest,
                "images_per_second": self.steps * self.recipe["batch"] / trained,
            }
            self.keep(row, tensors)
            self.save()
            with open(self.options.out / "history.csv", "w", newline="") as file:
                table = csv.DictWriter(file, row)
                table.writeheader()
                table.writerows(self.rows)
            print(", ".join(f"{key} {value:.6g}" for key, value in row.items()), flush=True)
            longest = max(longest, time.monotonic() - start)
        card.finish(self.options.out / f"{card.model_name(self.recipe)}.yaml")
        return True


def penalty_weight(penalty, epoch, epochs):
    """The factor of the range penalty in `epoch`, from 0."""
    since = epoch - (epochs - penalty.get("last_epochs", epochs)) if penalty else -1
    if since < 0:
        return 0.0
    warmup = penalty.get("warmup", [])
    return penalty["weight"] * (warmup[since] if since < len(warmup) else 1.0)


def hardware():
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} thread(s), PyTorch"


def main(words=None):
    torch.backends.cudnn.benchmark = True
    # Evaluation is in single precision, not in its short form for matrix units.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return Training(arguments(words)).run()


if __name__ == "__main__":
    main()
