"""The JavaScript mathematics of the kit against the Python reference, by golden vectors.

Python writes a table, node runs the same module that the widgets use and prints the largest
relative difference of each group.
"""

import json
import shutil
import subprocess
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from utils.figures.descent import LANDSCAPES, descend
from utils.figures.seeded_noise import normal_numbers, uniform_numbers
from utils.reference.adaptive_optimizers import AdaGrad, Adam, AdamW, RMSProp
from utils.reference.optimizers import SGD
from utils.reference.stability import stability_limit

MATH = Path(__file__).resolve().parents[2] / "utils" / "widgets" / "kit" / "math"
PRELUDE = """
import { readFileSync } from "node:fs";
const golden = JSON.parse(readFileSync(process.argv[2], "utf8"));
const worst = {};
function compare(group, got, want) {
  const a = [got].flat(Infinity), b = [want].flat(Infinity);
  if (a.length !== b.length) throw new Error(`${group}: ${a.length} numbers, expected ${b.length}`);
  a.forEach((v, i) => {
    const off = Math.abs(v - b[i]) / Math.max(1, Math.abs(b[i]));
    worst[group] = Math.max(worst[group] ?? 0, Number.isNaN(off) ? Infinity : off);
  });
}
"""
OPTIMIZERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "gd": ("sgd", {"lr": 0.1}, SGD(lr=0.1)),
    "momentum": (
        "sgd",
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weightDecay": 0.03},
        SGD(lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.03),
    ),
    "nesterov": (
        "sgd",
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
        SGD(lr=0.1, momentum=0.8, nesterov=True),
    ),
    "adagrad": (
        "adagrad",
        {"lr": 0.3, "lrDecay": 0.1, "weightDecay": 0.01, "accumulator": 0.2},
        AdaGrad(lr=0.3, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.2),
    ),
    "adagrad plain": ("adagrad", {"lr": 0.3}, AdaGrad(lr=0.3)),
    "rmsprop": ("rmsprop", {"lr": 0.02}, RMSProp(lr=0.02)),
    "rmsprop centered": (
        "rmsprop",
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True, "weightDecay": 0.1},
        RMSProp(lr=0.02, alpha=0.9, momentum=0.5, centered=True, weight_decay=0.1),
    ),
    "adam": (
        "adam",
        {"lr": 0.1, "betas": [0.8, 0.95], "weightDecay": 0.1},
        Adam(lr=0.1, betas=(0.8, 0.95), weight_decay=0.1),
    ),
    "adam uncorrected": (
        "adam",
        {"lr": 0.1, "biasCorrection": False},
        Adam(lr=0.1, bias_correction=False),
    ),
    "adamw": ("adamw", {"lr": 0.1, "weightDecay": 0.2}, AdamW(lr=0.1, weight_decay=0.2)),
    "adamw plain": ("adamw", {"lr": 0.1}, AdamW(lr=0.1)),
}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def node(folder: Path, golden: object, script: str, **modules: str) -> dict[str, float]:
    """Return the largest difference of each group that `script` compares."""
    imports = "".join(
        f"import {{ {names} }} from {json.dumps((MATH / f'{module}.js').as_uri())};\n"
        for module, names in modules.items()
    )
    (folder / "golden.json").write_text(json.dumps(golden))
    (folder / "golden.mjs").write_text(
        f"{imports}{PRELUDE}{script}\nconsole.log(JSON.stringify(worst));"
    )
    done = subprocess.run(
        ["node", str(folder / "golden.mjs"), str(folder / "golden.json")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def random_points(n: int, bounds: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    part = torch.rand(n, len(bounds), generator=generator, dtype=torch.float64)
    return bounds[:, 0] + part * (bounds[:, 1] - bounds[:, 0])


def largest_curvature(name: str, point: torch.Tensor) -> float:
    hessian = torch.autograd.functional.hessian(LANDSCAPES[name].value, point)
    return float(torch.linalg.eigvalsh(hessian).max())


def test_surfaces(tmp_path: Path) -> None:
    golden = {}
    for name, surface in LANDSCAPES.items():
        points = random_points(40, torch.tensor(surface.bounds, dtype=torch.float64), 1)
        leaf = points.clone().requires_grad_()
        surface.value(leaf).sum().backward()
        assert leaf.grad is not None
        golden[name] = {
            "points": points.tolist(),
            "values": surface(points).tolist(),
            "gradients": surface.gradient(points).tolist(),
            "autograd": leaf.grad.tolist(),
            "curvatures": [largest_curvature(name, point) for point in points],
            "minima": [list(p) for p in surface.minima],
            "bounds": [list(b) for b in surface.bounds],
            "start": list(surface.start),
        }
    script = """
const names = (table) => Object.keys(table).sort().join();
if (names(SURFACES) !== names(golden)) throw new Error("names");
for (const [name, g] of Object.entries(golden)) {
  const one = SURFACES[name];
  compare("values", g.points.map((p) => one.value(p)), g.values);
  compare("gradients", g.points.map((p) => one.gradient(p)), g.gradients);
  compare("autograd", g.points.map((p) => one.gradient(p)), g.autograd);
  compare("curvatures", g.points.map((p) => curvature(one, p)), g.curvatures);
  compare("facts", [one.minima, one.bounds, one.start], [g.minima, g.bounds, g.start]);
  const slopes = one.minima.flatMap((p) => one.gradient(p));
  compare("minima", slopes, slopes.map(() => 0));
}"""
    worst = node(tmp_path, golden, script, surfaces="SURFACES, curvature")
    assert worst["values"] < 1e-12
    assert worst["gradients"] < 1e-12
    assert worst["autograd"] < 1e-12
    # By differences of the gradient, hence not exact.
    assert worst["curvatures"] < 1e-7
    assert worst["facts"] < 1e-12
    assert worst["minima"] < 1e-10


def test_stability_limits(tmp_path: Path) -> None:
    golden = []
    for name, surface in LANDSCAPES.items():
        for minimum in surface.minima:
            c = largest_curvature(name, torch.tensor(minimum, dtype=torch.float64))
            for momentum, nesterov in [(0.0, False), (0.9, False), (0.5, True)]:
                limit = stability_limit(c, momentum=momentum, nesterov=nesterov)
                golden.append([name, list(minimum), momentum, nesterov, limit])
    script = """
for (const [name, p, momentum, nesterov, limit] of golden) {
  compare("limit", stabilityLimit(curvature(SURFACES[name], p), momentum, nesterov) / limit, 1);
}"""
    worst = node(tmp_path, golden, script, surfaces="SURFACES, curvature, stabilityLimit")
    assert worst["limit"] < 1e-8


@pytest.mark.parametrize("name", ["bowl", "ravine", "parabola"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_limit_is_where_descent_turns_around(
    tmp_path: Path, name: str, momentum: float
) -> None:
    script = """
const [name, momentum] = golden, one = SURFACES[name];
const limit = stabilityLimit(curvature(one, one.minima[0]), momentum);
for (const [part, group] of [[0.98, "below"], [1.02, "above"]]) {
  const run = descend(one, optimizer("sgd", { lr: part * limit, momentum }), one.start, 1500);
  compare(group, run.losses[run.losses.length - 1] < 1e-3 * run.losses[0] ? 0 : 1, 0);
}"""
    worst = node(
        tmp_path,
        [name, momentum],
        script,
        surfaces="SURFACES, curvature, stabilityLimit",
        optimizers="descend, optimizer",
    )
    assert worst == {"below": 0, "above": 1}


def test_optimizers_step_for_step(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    gradients = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    # A gradient of zero, as on a plateau, must not become 0/0.
    gradients[:3, 1] = 0
    golden: dict[str, Any] = {"gradients": gradients.tolist(), "runs": {}}
    for name, (kind, options, optimizer) in OPTIMIZERS.items():
        theta = torch.tensor([1.5, -0.7], dtype=torch.float64)
        path = [theta := optimizer.step(theta, gradient) for gradient in gradients]
        golden["runs"][name] = [kind, options, torch.stack(path).tolist()]
    script = """
for (const [name, [kind, options, path]] of Object.entries(golden.runs)) {
  const step = optimizer(kind, options);
  let theta = [1.5, -0.7];
  golden.gradients.forEach((g, k) => compare(name, theta = step(theta, g), path[k]));
}"""
    worst = node(tmp_path, golden, script, optimizers="optimizer")
    assert set(worst) == set(OPTIMIZERS)
    assert max(worst.values()) < 1e-12, worst


def test_random_numbers(tmp_path: Path) -> None:
    seeds = [0, 1, 99, 2**31 + 7]
    golden = [
        [seed, list(islice(uniform_numbers(seed), 200)), list(islice(normal_numbers(seed), 200))]
        for seed in seeds
    ]
    script = """
for (const [seed, flat, bell] of golden) {
  const u = uniform(seed), n = normal(seed);
  compare("uniform", flat.map(() => u()), flat);
  compare("normal", bell.map(() => n()), bell);
}"""
    worst = node(tmp_path, golden, script, random="uniform, normal")
    assert worst["uniform"] == 0
    assert worst["normal"] < 1e-12


def test_random_numbers_are_normal() -> None:
    numbers = torch.tensor(list(islice(normal_numbers(4), 20_000)))
    assert abs(float(numbers.mean())) < 0.03
    assert abs(float(numbers.std()) - 1) < 0.03
    assert abs(float((numbers.abs() < 1).float().mean()) - 0.6827) < 0.015


@pytest.mark.parametrize(
    ("name", "lr", "momentum", "noise"),
    [
        ("ravine", 0.05, 0.0, 0.0),
        ("himmelblau", 0.01, 0.5, 3.0),
        ("ravine", 0.1, 0.0, 0.0),
        ("many pits", 0.002, 0.9, 1.0),
    ],
)
def test_whole_runs(tmp_path: Path, name: str, lr: float, momentum: float, noise: float) -> None:
    surface = LANDSCAPES[name]
    sgd = SGD(lr=lr, momentum=momentum)
    run = descend(surface, sgd, surface.start, steps=40, noise=noise, seed=7)
    golden = {
        "name": name,
        "options": {"lr": lr, "momentum": momentum},
        "noise": {"noise": noise, "seed": 7},
        "path": run.path.tolist(),
        "losses": run.losses.tolist(),
        "left": run.left,
    }
    script = """
const one = SURFACES[golden.name];
const run = descend(one, optimizer("sgd", golden.options), one.start, 40, golden.noise);
compare("path", run.path, golden.path);
compare("losses", run.losses, golden.losses);
compare("left", run.left, golden.left);"""
    worst = node(tmp_path, golden, script, surfaces="SURFACES", optimizers="descend, optimizer")
    assert max(worst.values()) < 1e-9, worst


def test_loss_plane_of_a_network(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(11)
    logits = [
        torch.randn(30, 11, generator=generator, dtype=torch.float64) * scale
        for scale in (3.0, 1.0, 2.0)
    ]
    # As large as an untrained rate can make them: exp of them alone overflows.
    logits[0][0] = 900.0
    logits[0][1, 3] = -900.0
    targets = torch.randint(11, (30,), generator=generator)
    points = random_points(12, torch.tensor([[-2.0, 2.0], [-2.0, 2.0]], dtype=torch.float64), 3)
    points.requires_grad_()
    losses = torch.stack(
        [
            torch.nn.functional.cross_entropy(logits[0] + a * logits[1] + b * logits[2], targets)
            for a, b in points
        ]
    )
    losses.sum().backward()
    assert points.grad is not None
    golden = {
        "logits": [z.flatten().tolist() for z in logits],
        "targets": targets.tolist(),
        "points": points.tolist(),
        "losses": losses.tolist(),
        "gradients": points.grad.tolist(),
    }
    script = """
const options = { bounds: [[-2, 2], [-2, 2]], start: [1, 1] };
const one = softmaxPlane(golden.logits, golden.targets, options);
compare("losses", golden.points.map(one.value), golden.losses);
compare("gradients", golden.points.map(one.gradient), golden.gradients);"""
    worst = node(tmp_path, golden, script, plane="softmaxPlane")
    assert max(worst.values()) < 1e-10, worst


def test_a_wrong_number_is_seen(tmp_path: Path) -> None:
    worst = node(tmp_path, [], 'compare("off", [1, NaN], [1.001, 2]);', surfaces="SURFACES")
    assert worst["off"] is None  # Infinity has no JSON
