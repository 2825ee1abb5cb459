#!/usr/bin/env python3
"""Tests of what runs in the window, on the processor: python tests.py (with PyTorch, NumPy, safetensors and PyYAML)."""

import math
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import card
import images
import parts
import train
from network import HERMITE, Network, evaluate, excess

HERE = Path(__file__).resolve().parent
RECIPES = HERE / "../../configs/recipes"
MODELS = HERE / "../../models"


def made_up(directory: Path, count=500):
    """A data set of stripes whose direction and width are the class, in the layout of CIFAR-10."""
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 10, count).astype(np.uint8)
    rows, columns = np.mgrid[0:32, 0:32]
    angle, phase = labels * (math.pi / 10), draws.uniform(0, 6, count)
    wave = np.sin((np.cos(angle)[:, None, None] * rows + np.sin(angle)[:, None, None] * columns) * 0.7 + phase[:, None, None])
    noise = draws.normal(0, 45, (count, 3, 32, 32))
    pixels = np.clip(128 + 40 * wave[:, None] + noise, 0, 255).astype(np.uint8)
    records = np.concatenate([labels[:, None], pixels.reshape(count, -1)], 1)
    target = directory / images.SETS["cifar10"]["directory"]
    target.mkdir(parents=True)
    for file, chunk in zip(images.SETS["cifar10"]["files"], np.array_split(records, 5)):
        (target / file).write_bytes(chunk.tobytes())
    return pixels, labels


def small_recipes(directory: Path, batch=32, validation=100):
    """The recipes for a small data set; returns their directory."""
    for name in ("relu.yaml", "from_relu.yaml"):
        text = (RECIPES / name).read_text()
        text = text.replace("batch: 128", f"batch: {batch}").replace("validation_images: 5000", f"validation_images: {validation}")
        (directory / name).write_text(text)
    return directory


class Images(unittest.TestCase):
    def test_parts_hold_every_pixel(self):
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            pixels, labels = made_up(directory)
            paths = images.pack(directory, "cifar10", directory / "parts", 200)
            self.assertEqual(len(paths), 3)
            found = images.unpack(directory / "parts", "cifar10")
            self.assertTrue((found[0] == pixels).all() and (found[1] == labels).all())
            whole = paths[1].read_bytes()
            paths[1].unlink()
            with self.assertRaisesRegex(SystemExit, "300 images of cifar10, not all"):
                images.unpack(directory / "parts", "cifar10")
            paths[1].write_bytes(whole.replace(b'"sha256": "', b'"sha256": "0', 1))
            with self.assertRaisesRegex(SystemExit, "copy the part again"):
                images.unpack(directory / "parts", "cifar10")

    def test_predictions_wrap_around(self):
        extreme = np.random.default_rng(1).choice([0, 255], (4, 3, 32, 32)).astype(np.uint8)
        self.assertTrue((images.restored(images.residuals(extreme)) == extreme).all())

    def test_the_split_is_the_trainers(self):
        training, validation = images.split(50_000, 5_000, 0)
        # As src/training/split.rs has it.
        self.assertEqual(validation[:4].tolist(), [5, 7, 13, 21])
        self.assertTrue((np.sort(np.concatenate([training, validation])) == np.arange(50_000)).all())

    def test_the_list_of_held_out_images_must_be_there(self):
        shipped = mock.patch.object(images, "SHIPPED", (3, 1, 0))
        with tempfile.TemporaryDirectory() as there, shipped, mock.patch.object(images, "__file__", f"{there}/a/b/images.py"):
            with self.assertRaisesRegex(SystemExit, "bring data/held_out_cifar10.bin of the repository"):
                images.held_out(np.zeros((3, 3, 32, 32), np.uint8), "cifar10", 1, 0)


class Networks(unittest.TestCase):
    def test_exported_herpn_is_the_same_function(self):
        torch.manual_seed(0)
        network = Network("resnet18", 2, 10, "herpn")
        pictures = torch.randn(16, 3, 32, 32)
        for _ in range(40):
            network.forward(pictures, training=True)
        for site, channels in network.sites():
            network.tensors[f"{site}.bias"] += 0.1 * torch.randn(channels)
        expected, _ = network.forward(pictures)
        found, _ = Network("resnet18", 2, 10, "coefficients", network.exported()).forward(pictures)
        self.assertLess(float((expected - found).abs().max()), 1e-4 * float(expected.abs().max()))

    def test_the_shipped_network_classifies_as_its_card_says(self):
        model = card.Model(MODELS / "resnet20_w16_cifar10_herpn_distilled_continued_seed0.safetensors")
        raw = np.fromfile(HERE / "../../data/cifar10_test_200.bin", np.uint8).reshape(-1, 3073)
        mean, deviation = (torch.tensor(model.card["normalisation"][key]).view(1, 3, 1, 1) for key in ("mean", "std"))
        pictures, labels = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32)), torch.from_numpy(raw[:, 0]).long()
        right, exploding, largest = evaluate(model.network(), pictures, labels, lambda x: (x.float() - mean) / deviation)
        self.assertGreater(right, 170)
        self.assertEqual((exploding, len(largest)), (0, 19))

    def test_exploding_images_are_counted_and_have_no_class(self):
        network = Network("resnet20", 1, 10, "relu")
        pictures = torch.zeros(3, 3, 32, 32)
        pictures[1] = math.nan
        pictures[2] = 1e9
        _, exploding, largest = evaluate(network, pictures, torch.zeros(3, dtype=torch.long), lambda x: x)
        self.assertEqual((exploding, largest[0]), (2, math.inf))
        # Not of the first class either, which is what `argmax` says of them.
        self.assertEqual(evaluate(network, pictures[1:2], torch.zeros(1, dtype=torch.long), lambda x: x)[0], 0)

    def test_the_penalty(self):
        x = torch.tensor([[-5.0, 1.0], [2.5, 0.0]])
        self.assertAlmostEqual(float(excess(x, "norm", 2)), math.sqrt(9.25), 5)
        self.assertAlmostEqual(float(excess(x, "square", 2)), 9.25 / 2, 5)
        weights = [train.penalty_weight({"weight": 2.0, "last_epochs": 3, "warmup": [0.5]}, epoch, 5) for epoch in range(5)]
        self.assertEqual(weights, [0, 0, 1, 2, 2])
        self.assertEqual(HERMITE[1], 0.5)


class Trainings(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        made_up(self.directory)
        images.pack(self.directory, "cifar10", self.directory / "parts", 300)
        small_recipes(self.directory)

    def training(self, recipe, out, *more):
        words = [self.directory / recipe, "--images", self.directory / "parts", "--out", self.directory / out, "--width", 2]
        return train.Training(train.arguments([str(word) for word in [*words, "--minutes", 60, *more]]))

    def test_a_resumed_training_is_the_uninterrupted_one(self):
        whole = self.training("relu.yaml", "whole", "--epochs", 3)
        self.assertTrue(whole.run())
        cut = self.training("relu.yaml", "cut", "--epochs", 3)
        cut.left = lambda: 60.0 if not cut.rows else -1.0
        self.assertFalse(cut.run())
        so_far = card.Model(self.directory / "cut/resnet20_w2_cifar10_relu_seed0.safetensors")
        self.assertEqual(so_far.epochs(), 1)
        again = self.training("relu.yaml", "cut", "--epochs", 3)
        self.assertTrue(again.run())
        self.assertEqual(card.Model(self.directory / "cut/resnet20_w2_cifar10_relu_seed0.safetensors").epochs(), 3)
        for name, tensor in whole.network.tensors.items():
            self.assertTrue(torch.equal(tensor, again.network.tensors[name]), name)
        with self.assertRaisesRegex(SystemExit, "is of another recipe"):
            self.training("relu.yaml", "cut", "--epochs", 4).run()

    def test_herpn_from_relu(self):
        self.assertTrue(self.training("relu.yaml", "relu", "--epochs", 2).run())
        relu = self.directory / "relu/resnet20_w2_cifar10_relu_seed0.safetensors"
        more = ("--epochs", 7, "--initial-weights", relu, "--teacher", relu, "--half")
        student = self.training("from_relu.yaml", "herpn", *more)
        self.assertTrue(torch.equal(student.network.tensors["conv1.weight"], card.Model(relu).tensors["conv1.weight"]))
        statistics = []
        student.save = lambda: statistics.append(student.network.tensors["act1.var1"].clone())
        self.assertTrue(student.run())
        # The finish, four epochs here, trains by statistics that stand still.
        self.assertFalse(torch.equal(statistics[1], statistics[2]))
        self.assertTrue(torch.equal(statistics[2], statistics[6]))
        model = card.Model(self.directory / "herpn/resnet20_w2_cifar10_herpn_distilled_continued_seed0.safetensors")
        self.assertEqual(model.card["record"]["earlier_epochs"], 2)
        self.assertEqual(model.card["record"]["teacher_sha256"], card.Model(relu).card["sha256"])
        right, exploding, _ = evaluate(model.network(), *student.held_out, student.normalise)
        self.assertEqual((100 * right / 100, exploding), tuple(model.card[key] for key in
                         ("validation_accuracy_percent", "exploding_validation_images")))

    def test_what_cannot_begin_is_refused(self):
        self.assertTrue(self.training("relu.yaml", "relu", "--epochs", 1).run())
        relu = self.directory / "relu/resnet20_w2_cifar10_relu_seed0.safetensors"
        with self.assertRaisesRegex(SystemExit, "initial weights with width 2: this script begins with 4 alone"):
            self.training("from_relu.yaml", "wide", "--width", 4, "--initial-weights", relu, "--teacher", relu)
        with self.assertRaisesRegex(SystemExit, "network resnet44: this script trains resnet18, resnet20, resnet32"):
            self.training("relu.yaml", "deep", "--network", "resnet44")
        recipe = self.directory / "relu.yaml"
        text = recipe.read_text()
        recipe.write_text(text + "distillation: {teacher: t, weight: 0.5, temperature: 2.0, variants: 8}\n")
        with self.assertRaisesRegex(SystemExit, "distillation.variants is not known here; use `leveled train`"):
            self.training("relu.yaml", "variants")
        recipe.write_text(text + "distillation: {teacher: [t, u], weight: 0.5, temperature: 2.0}\n")
        with self.assertRaisesRegex(SystemExit, "several teachers are not known here; name one by --teacher"):
            self.training("relu.yaml", "several")
        recipe.write_text(text + "train_on_held_out: true\nkeep: last\n")
        with self.assertRaisesRegex(SystemExit, "train_on_held_out is not known here; use `leveled train`"):
            self.training("relu.yaml", "all")
        recipe.write_text(text)
        herpn = MODELS / "resnet20_w16_cifar10_herpn_distilled_seed0.safetensors"
        with self.assertRaisesRegex(SystemExit, "with activation herpn"):
            self.training("relu.yaml", "herpn", "--width", 16, "--initial-weights", herpn)
        half = self.training("from_relu.yaml", "half", "--epochs", 7, "--initial-weights", relu, "--teacher", relu)
        half.left = lambda: 60.0 if not half.rows else -1.0
        self.assertFalse(half.run())
        self.assertTrue(self.training("relu.yaml", "relu2", "--epochs", 2).run())
        other = self.directory / "relu2" / relu.name
        with self.assertRaisesRegex(SystemExit, "was taught by, other weights"):
            self.training("from_relu.yaml", "half", "--epochs", 7, "--initial-weights", relu, "--teacher", other).run()
        card_path = relu.with_suffix(".yaml")
        card_path.write_text(card_path.read_text().replace("split_seed: 0", "split_seed: 1"))
        with self.assertRaisesRegex(SystemExit, "must have held out the same images"):
            self.training("from_relu.yaml", "split", "--initial-weights", relu, "--teacher", relu)

    def test_crops_and_flips(self):
        training = self.training("relu.yaml", "views", "--epochs", 1)
        indices = torch.arange(50)
        training.recipe["augmentation"].update(crop=0, flip=False)
        plain, _ = training.batch(indices, torch.Generator().manual_seed(0))
        self.assertTrue(torch.equal(plain, training.normalise(training.images[:50])))
        training.recipe["augmentation"].update(crop=2, flip=True)
        varied, labels = training.batch(indices, torch.Generator().manual_seed(0))
        self.assertTrue(torch.equal(labels, training.labels[:50]))
        padded = torch.nn.functional.pad(plain, (2, 2, 2, 2), mode="reflect")
        seen = set()
        for image, found in zip(padded, varied):
            views = {(down, right, flip): view for flip in (0, 1) for down in range(5) for right in range(5)
                     for view in [image[:, down:down + 32, right:right + 32].flip(2) if flip else image[:, down:down + 32, right:right + 32]]}
            equal = [key for key, view in views.items() if torch.equal(view, found)]
            self.assertEqual(len(equal), 1)
            seen.update(equal)
        self.assertGreater(len(seen), 25)
        training.recipe["augmentation"]["padding"] = "zero"
        zeros, _ = training.batch(indices, torch.Generator().manual_seed(0))
        self.assertTrue(torch.equal(zeros != 0, (zeros == varied) & (zeros != 0)) and (zeros == 0).any())
        training.recipe["augmentation"].update(crop=0, flip=False, cutout=8)
        cut, _ = training.batch(indices, torch.Generator().manual_seed(0))
        hidden = cut != plain
        self.assertTrue((cut[hidden] == 0).all())
        rows, columns = hidden.any(1).any(2).sum(1), hidden.any(1).any(1).sum(1)
        self.assertTrue(((rows >= 4) & (rows <= 8) & (columns >= 4) & (columns <= 8)).all())
        self.assertTrue(torch.equal(hidden.any(1).sum((1, 2)), rows * columns))

    def test_the_schedule_and_the_time(self):
        training = self.training("relu.yaml", "time", "--epochs", "auto")
        steps = training.steps * 10
        self.assertAlmostEqual(training.share(0, 10), 0.04)
        self.assertAlmostEqual(training.share(round(0.3 * steps), 10), 1.0, 2)
        self.assertLess(training.share(steps - 1, 10), 0.01)
        training.left = lambda: 0.0
        self.assertEqual(training.affordable(), 1)
        first = {name: tensor.clone() for name, tensor in training.network.tensors.items()}
        training.begin()
        self.assertTrue(all(torch.equal(first[name], tensor) for name, tensor in training.network.tensors.items()))


class Pieces(unittest.TestCase):
    def test_files_come_back_and_what_does_not_fit_is_named(self):
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            files = [directory / name for name in ("a.bin", "b.bin", "c.txt")]
            for file, size in zip(files, (50_000, 70_000, 100)):
                file.write_bytes(np.random.default_rng(size).bytes(size))
            left_out = parts.split(directory / "out", files, piece=30_000, pieces=3)
            self.assertEqual(left_out, [files[1]])
            self.assertTrue(all(path.stat().st_size <= 30_000 for path in (directory / "out").iterdir()))
            found = parts.join(directory / "out", directory / "back")
            self.assertEqual([path.read_bytes() for path in found], [files[0].read_bytes(), files[2].read_bytes()])
            piece = directory / "out/piece.0"
            piece.write_bytes(piece.read_bytes()[:-1])
            with self.assertRaisesRegex(SystemExit, "fetch them again"):
                parts.join(directory / "out", directory / "back")


if __name__ == "__main__":
    unittest.main()
