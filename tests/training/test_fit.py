"""The training loop against a plain one, and everything around it."""

import json
import math
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau, StepLR
from torch.utils.data import Dataset, Subset, TensorDataset

from utils.errors import ParameterError, TrainingError
from utils.models.lecture_cnn import LectureCNN
from utils.notes.front_end import FRONT_END_ID
from utils.notes.store import write_store
from utils.training.fit import evaluate, fit, predict
from utils.training.history import History
from utils.training.metrics import accuracy


def notes(n: int, seed: int) -> TensorDataset:
    """Make n small pictures whose bright row is their class, nearly."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (n,), generator=generator)
    inputs = torch.rand(n, 1, 8, 8, generator=generator)
    inputs[torch.arange(n), 0, labels] += 0.5
    return TensorDataset(inputs, labels)


TRAIN, VALIDATION = notes(50, 0), notes(21, 1)  # 50 = 3 batches of 16 and one of 2


class SmallCNN(nn.Module):
    """Convolution, batch norm, dropout: whatever depends on the mode is in it."""

    def __init__(self, dropout: float = 0.0, seed: int = 5):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.conv = nn.Conv2d(1, 6, 3, padding="same")
            self.norm = nn.BatchNorm2d(6)
            self.dropout = nn.Dropout(dropout)
            self.fc = nn.Linear(6 * 16, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        return self.fc(self.dropout(torch.flatten(x, 1)))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def run(model=None, train=TRAIN, validation=VALIDATION, **options):
    """Call fit with what most tests want."""
    options = {
        "epochs": 2,
        "batch_size": 16,
        "generator": seeded(),
        "device": "cpu",
        "history_path": None,
        "progress": False,
    } | options
    model = SmallCNN() if model is None else model
    return model, fit(model, train, validation, **options)


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def plain_loop(model, optimizer, *, epochs, batch_size=16, after_step=None):
    """Train as in any tutorial; return the states after each epoch and what was measured."""
    x, y = TRAIN.tensors
    x_val, y_val = VALIDATION.tensors
    generator, states, rows = seeded(), [], []
    for _ in range(epochs):
        model.train()
        losses, hits = [], 0
        lr = optimizer.param_groups[0]["lr"]
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            optimizer.zero_grad()
            logits = model(x[batch])
            loss = nn.CrossEntropyLoss()(logits, y[batch])
            loss.backward()
            optimizer.step()
            if after_step is not None:
                after_step()
            losses += [loss.item()] * len(batch)
            hits += (logits.argmax(1) == y[batch]).sum().item()
        model.eval()
        with torch.no_grad():
            logits = model(x_val)
        rows.append(
            {
                "train_loss": sum(losses) / len(x),
                "train_accuracy": hits / len(x),
                "validation_loss": nn.CrossEntropyLoss()(logits, y_val).item(),
                "validation_accuracy": (logits.argmax(1) == y_val).sum().item() / len(y_val),
                "lr": lr,
            }
        )
        states.append(state(model))
    return states, rows


OPTIMIZERS = {
    "default": (None, lambda p: torch.optim.Adam(p, lr=1e-3)),
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),) * 2,
    "adamw": (lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),) * 2,
}


@pytest.mark.parametrize(("given", "by_hand"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_two_epochs_equal_a_plain_loop_bit_for_bit(given, by_hand):
    model, history = run(optimizer=given)
    plain = SmallCNN()
    states, rows = plain_loop(plain, by_hand(plain.parameters()), epochs=2)
    assert equal(state(model), states[history.best_epoch - 1])
    for row, expected in zip(history.to_rows(), rows, strict=True):
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-6), name
    assert history.status == "finished"


def test_an_optimizer_instance_is_used_as_it_is():
    model = SmallCNN()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    _, history = run(model, optimizer=optimizer)
    assert equal(state(model), state(run(optimizer=lambda p: torch.optim.SGD(p, 0.05, 0.9))[0]))
    assert len(optimizer.state) == len(list(model.parameters()))
    assert history.column("lr") == [0.05, 0.05]


def test_equal_generators_give_equal_runs_with_dropout():
    first, history = run(SmallCNN(dropout=0.5))
    torch.rand(3)  # the global state is another one now
    second, again = run(SmallCNN(dropout=0.5))
    assert equal(state(first), state(second))
    assert history.column("train_loss") == again.column("train_loss")
    other, _ = run(SmallCNN(dropout=0.5), generator=seeded(1))
    assert not equal(state(first), state(other))


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    run(SmallCNN(dropout=0.5))
    assert torch.equal(torch.get_rng_state(), before)


def test_without_generator_the_global_seed_counts():
    results = []
    for _ in range(2):
        torch.manual_seed(11)
        results.append(state(run(SmallCNN(dropout=0.5), generator=None)[0]))
    assert equal(*results)


def test_a_generator_goes_on_from_call_to_call():
    generator, x = seeded(), TRAIN.tensors[0]
    run(generator=generator, epochs=3)
    expected = seeded()
    for _ in range(3):
        torch.randperm(len(x), generator=expected)
    assert torch.equal(generator.get_state(), expected.get_state())


def test_validation_uses_the_forward_pass_only():
    """Labels of validation notes change what is measured, never the weights of an epoch."""
    x, y = VALIDATION.tensors
    model, _ = run(epochs=1)
    other, _ = run(epochs=1, validation=TensorDataset(x, (y + 1) % 4))
    assert equal(state(model), state(other))
    frozen, _ = run(epochs=1, validation=TensorDataset(100 * x, y))  # batch norm takes no notice
    assert equal(state(model), state(frozen))


class Worsening(nn.Module):
    """One bias that SGD moves by a fixed amount: too far after the third epoch."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([0.0]))

    def forward(self, x):
        return torch.cat([self.bias - 3 + 0 * x, 3 - self.bias + 0 * x], dim=1)


def target_distance(logits, labels):
    """Training pulls the bias up for ever; the validation loss is smallest at 3."""
    bias = logits[:, 0] + 3
    return -bias.mean() if labels[0] == 0 else (bias - 3).square().mean()


def worsening(**options):
    """Train so that the bias is 1, 2, 3, … after each epoch."""
    one = TensorDataset(torch.zeros(1, 1), torch.tensor([0]))
    other = TensorDataset(torch.zeros(1, 1), torch.tensor([1]))
    options = {"optimizer": lambda p: torch.optim.SGD(p, lr=1.0), "epochs": 6} | options
    return run(Worsening(), one, other, loss=target_distance, **options)


def test_the_best_state_is_restored_when_the_last_epoch_is_worse():
    model, history = worsening()
    assert history.column("validation_loss") == [4, 1, 0, 1, 4, 9]
    assert history.best_epoch == 3
    assert model.bias.item() == 3
    assert not model.training


def test_best_by_accuracy():
    # Class 1 wins while the bias is below 3, class 0 (argmax of a tie) from 3 on.
    model, history = worsening(monitor="validation_accuracy")
    assert history.column("validation_accuracy") == [1, 1, 0, 0, 0, 0]
    assert history.best_epoch == 1
    assert model.bias.item() == 1


def test_patience_ends_training():
    model, history = worsening(patience=2, epochs=50)
    assert history.status == "early_stopping"
    assert len(history) == 5
    assert model.bias.item() == 3


def test_patience_with_accuracy_waits_for_a_higher_one():
    _, history = worsening(monitor="validation_accuracy", patience=2)  # 1, 1, 0
    assert (history.status, len(history)) == ("early_stopping", 3)


def test_min_delta_shortens_the_wait_but_not_the_choice():
    model, history = worsening(patience=1, min_delta=2.0, epochs=50)
    assert len(history) == 3  # 4 → 1 is enough, 1 → 0 is not
    assert model.bias.item() == 3


def test_a_callback_can_stop():
    seen = []

    def on_epoch_end(history):
        seen.append(len(history))
        return len(history) == 2

    model, history = worsening(on_epoch_end=on_epoch_end)
    assert (seen, history.status) == ([1, 2], "stopped")
    assert model.bias.item() == 2


def test_what_a_callback_returns_otherwise_is_ignored():
    _, history = worsening(on_epoch_end=lambda history: "yes")
    assert history.status == "finished"


def test_ctrl_c_keeps_the_best_state(tmp_path, capsys):
    path = tmp_path / "history.json"

    def press(history):
        if len(history) == 5:
            raise KeyboardInterrupt

    model, history = worsening(on_epoch_end=press, history_path=path)
    assert (history.status, len(history), model.bias.item()) == ("interrupted", 5, 3)
    assert History.load(path) == history
    assert "the model has the weights of epoch 3" in capsys.readouterr().out


def test_ctrl_c_in_the_first_epoch(capsys):
    def press(inputs):
        raise KeyboardInterrupt

    model, history = run(augment=press)
    assert (history.status, len(history)) == ("interrupted", 0)
    assert equal(state(model), state(SmallCNN()))
    assert "the weights it had just now" in capsys.readouterr().out


def test_an_error_in_a_callback_comes_through(tmp_path):
    path = tmp_path / "history.json"

    def fail(history):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        worsening(on_epoch_end=fail, history_path=path)
    assert History.load(path).status == "failed"


def test_a_loss_that_explodes_names_epoch_and_lr(tmp_path):
    path, model = tmp_path / "history.json", SmallCNN()

    def loss(logits, labels):
        value = F.cross_entropy(logits, labels)
        return value * math.nan if loss.calls > 6 and model.training else value

    class Counting:
        def __call__(self, logits, labels):
            loss.calls += 1
            return loss(logits, labels)

    loss.calls = 0
    # Epoch 1: 4 batches of training, 2 of validation; the third of epoch 2 is call 9.
    with pytest.raises(TrainingError, match=r"finite training loss, got nan in epoch 2 \(lr = 0.2"):
        run(
            model,
            loss=Counting(),
            optimizer=lambda p: torch.optim.SGD(p, lr=0.25),
            history_path=path,
        )
    assert loss.calls == 7
    history = History.load(path)
    assert (history.status, len(history)) == ("failed", 1)
    after_one, _ = run(optimizer=lambda p: torch.optim.SGD(p, lr=0.25), epochs=1)
    assert equal(state(model), state(after_one))


def test_a_validation_loss_that_explodes():
    x, y = VALIDATION.tensors
    with pytest.raises(TrainingError, match="finite validation loss, got nan in epoch 1"):
        run(validation=TensorDataset(x * math.nan, y))


def test_a_huge_learning_rate_ends_in_a_clear_error():
    with pytest.raises(TrainingError, match=r"in epoch \d+ \(lr = 1e\+30\); try a smaller lr"):
        run(nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 4)),
            optimizer=lambda p: torch.optim.SGD(p, lr=1e30), epochs=9)  # fmt: skip


def test_schedule_per_epoch():
    _, history = run(
        optimizer=lambda p: torch.optim.SGD(p, lr=0.1),
        schedule=lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.1),
        epochs=5,
    )
    assert history.column("lr") == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


def test_schedule_per_batch_equals_a_plain_loop():
    def one_cycle(optimizer):
        return OneCycleLR(optimizer, max_lr=0.2, total_steps=2 * 4)

    model, history = run(
        optimizer=lambda p: torch.optim.SGD(p, lr=0.1), schedule=one_cycle, schedule_every="batch"
    )
    plain = SmallCNN()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    schedule = one_cycle(optimizer)
    states, rows = plain_loop(plain, optimizer, epochs=2, after_step=schedule.step)
    assert equal(state(model), states[history.best_epoch - 1])
    assert history.column("lr") == [row["lr"] for row in rows]
    assert history.column("lr")[0] != history.column("lr")[1]


def test_plateau_watches_the_validation_loss():
    # The loss is 4, 1, 0, 1, 4, 9: with patience 0 the rate falls after epochs 4 and 5.
    _, history = worsening(
        schedule=lambda o: ReduceLROnPlateau(o, factor=0.5, patience=0), epochs=6
    )
    assert history.column("lr") == [1, 1, 1, 1, 0.5, 0.25]


@pytest.mark.parametrize(
    ("mode", "watched"), [("min", "validation_loss"), ("max", "validation_accuracy")]
)
def test_plateau_watches_what_its_mode_says(mode, watched):
    class Spy(ReduceLROnPlateau):
        values: ClassVar[list[float]] = []

        def step(self, metrics, epoch=None):
            self.values.append(metrics)
            super().step(metrics)

    Spy.values = []
    _, history = run(schedule=lambda optimizer: Spy(optimizer, mode=mode), epochs=3)
    assert Spy.values == history.column(watched)


def test_a_schedule_instance_with_its_optimizer():
    model = SmallCNN()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    _, history = run(model, optimizer=optimizer, schedule=schedule, epochs=3)
    assert history.column("lr") == pytest.approx([0.1, 0.05, 0.1 / 3])


def test_clip_norm_limits_the_step():
    def step(**options):
        model, _ = run(optimizer=lambda p: torch.optim.SGD(p, lr=1.0), epochs=1, **options)
        before = dict(SmallCNN().named_parameters())
        moved = [(p - before[name]).flatten() for name, p in model.named_parameters()]
        return torch.cat(moved).norm().item()

    one_batch = {"batch_size": 50}
    assert step(clip_norm=0.01, **one_batch) == pytest.approx(0.01, rel=1e-3)
    assert step(clip_norm=1e6, **one_batch) == step(**one_batch) > 0.02


def test_augment_changes_training_inputs_only():
    seen = []

    def augment(inputs):
        seen.append(len(inputs))
        return 0 * inputs

    model, _ = run(augment=augment, epochs=1)
    assert seen == [16, 16, 16, 2]
    x, y = TRAIN.tensors
    silent, _ = run(train=TensorDataset(0 * x, y), epochs=1)
    assert equal(state(model), state(silent))


class Anew(Dataset):
    """A data set that makes its items anew each time, as with random augmentation."""

    def __init__(self, data):
        self.data, self.calls = data, 0

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        self.calls += 1
        x, y = self.data[index]
        return x.numpy(), int(y)


def test_any_dataset_trains_like_tensors():
    data = Anew(TRAIN)
    model, _ = run(train=data, validation=Subset(VALIDATION, range(21)))
    assert equal(state(model), state(run()[0]))
    assert data.calls == 2 * 50


@pytest.fixture
def note_set(tmp_path):
    """45 notes of a store, in an order of their own."""
    rng, n = np.random.default_rng(0), 60
    columns = {
        "note_str": [f"note_{i:03}" for i in range(n)],
        "family": rng.integers(0, 11, n),
        "source": np.zeros(n, dtype=np.int64),
        "pitch": np.full(n, 60),
        "velocity": np.full(n, 100),
        "instrument_str": [f"instrument_{i % 12}" for i in range(n)],
        "group": [f"group_{i % 12}" for i in range(n)],
        "sample_hash": [f"{i % 12:064x}" for i in range(n)],
        "split": ["train"] * n,
    }
    mels = rng.integers(0, 256, (n, 64, 64), dtype=np.uint8)
    store = write_store(
        tmp_path / "store",
        mels,
        columns,
        name="noise",
        kind="private",
        licence="CC0-1.0",
        provenance="random numbers of a test",
    )
    return store.notes().subset(rng.permutation(n)[:45])


def lecture_cnn() -> LectureCNN:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return LectureCNN()


def test_notes_train_like_their_tensors(note_set):
    options = {"epochs": 1, "validation": TensorDataset(*note_set.tensors()[:9])}
    model, history = run(lecture_cnn(), note_set, **options)
    plain, _ = run(lecture_cnn(), note_set.tensors(), **options)
    assert equal(state(model), state(plain))
    assert history.settings["dataset_id"] == note_set.store.dataset_id
    assert history.settings["front_end"] == FRONT_END_ID
    logits = predict(model, note_set)
    assert torch.equal(logits, predict(model, note_set.inputs()))
    found = evaluate(model, note_set)
    assert found.accuracy == pytest.approx(accuracy(note_set.families, logits.argmax(1)))


def test_channels_last_gives_the_same_model():
    # Not Adam: batch norm leaves conv.bias without a gradient, and Adam enlarges rounding.
    sgd = {"optimizer": lambda p: torch.optim.SGD(p, lr=0.1)}
    model, history = run(channels_last=True, **sgd)
    plain, expected = run(**sgd)
    assert history.column("validation_loss") == pytest.approx(
        expected.column("validation_loss"), rel=1e-4
    )
    for name, tensor in state(model).items():
        torch.testing.assert_close(tensor, plain.state_dict()[name], rtol=1e-3, atol=1e-4)


def test_channels_last_is_undone():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 4))
    formats = []

    def look(history):
        formats.append(model[1].weight.is_contiguous(memory_format=torch.channels_last))

    run(model, channels_last=True, on_epoch_end=look, epochs=1)
    assert formats == [True]
    assert all(p.is_contiguous() for p in model.parameters())


def test_history_file_after_every_epoch(tmp_path):
    path = tmp_path / "history.json"
    seen = []
    _, history = run(
        history_path=path, on_epoch_end=lambda _: seen.append(History.load(path)), epochs=3
    )
    assert [(len(h), h.status) for h in seen] == [(1, "running"), (2, "running"), (3, "running")]
    assert seen[0].epochs == history.epochs[:1]
    assert History.load(path) == history


def test_history_file_holds_the_settings(tmp_path):
    path = tmp_path / "history.json"
    run(
        history_path=path,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        schedule=lambda o: StepLR(o, 2),
        patience=3,
        clip_norm=1.0,
    )
    settings = json.loads(path.read_text())["settings"]
    assert (
        settings["optimizer"] | {"name": "SGD", "lr": 0.1, "momentum": 0.9}
        == (settings["optimizer"])
    )
    assert (
        settings["schedule"] | {"name": "StepLR", "step_size": 2, "gamma": 0.1}
        == (settings["schedule"])
    )
    expected = {
        "model": "SmallCNN",
        "parameters": sum(p.numel() for p in SmallCNN().parameters()),
        "train_notes": 50,
        "validation_notes": 21,
        "epochs": 2,
        "batch_size": 16,
        "loss": "cross_entropy",
        "clip_norm": 1.0,
        "augment": None,
        "patience": 3,
        "schedule_every": "epoch",
        "device": "cpu",
        "torch": torch.__version__,
    }
    assert settings | expected == settings


def test_progress_bar_shows_the_figures(capsys):
    run(progress=True)
    bar = capsys.readouterr().err
    assert "epoch 2/2" in bar
    assert "8/8" in bar
    assert "best epoch" in bar
    run(progress=False)
    assert capsys.readouterr() == ("", "")


class WeightedLoss(nn.Module):
    """A loss with a tensor of its own, which must be moved along."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weight", torch.tensor([1.0, 1.0, 1.0, 5.0]))

    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels, weight=self.weight)


def test_another_loss():
    model, history = run(loss=WeightedLoss())
    assert history.settings["loss"] == "WeightedLoss"
    assert not equal(state(model), state(run()[0]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_the_model_comes_home():
    before = torch.cuda.get_rng_state()
    model, history = run(SmallCNN(dropout=0.5), device=None, loss=WeightedLoss())
    again, _ = run(SmallCNN(dropout=0.5), device="cuda", loss=WeightedLoss())
    assert history.settings["device"].startswith("cuda")
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    for name, tensor in state(model).items():
        torch.testing.assert_close(tensor, again.state_dict()[name])
    assert torch.equal(torch.cuda.get_rng_state(), before)


REFUSED = {
    "epochs": ({"epochs": 0}, "epochs to be an int >= 1, got 0"),
    "batch size": ({"batch_size": 0}, "batch_size to be an int >= 1, got 0"),
    "patience": ({"patience": 0}, "patience to be an int >= 1, got 0"),
    "clip": ({"clip_norm": 0}, "clip_norm to be a number > 0, got 0"),
    "monitor": ({"monitor": "loss"}, "expected monitor as one of .*, got 'loss'"),
    "generator": ({"generator": 3}, r"torch\.Generator of the CPU, such as .*, got int"),
    "device": ({"device": "quantum"}, "device of this machine, got 'quantum'"),
    "no folder": ({"history_path": "nowhere/h.json"}, "folder that exists, got 'nowhere/h.json'"),
    "optimizer": ({"optimizer": "adam"}, "expected an optimizer or a function .*, got str"),
    "optimizer made": ({"optimizer": lambda p: 3}, "expected an optimizer or .*, got int"),
    "schedule": ({"schedule": lambda o: None}, "expected a schedule or .*, got NoneType"),
    "every": ({"schedule_every": "step"}, '"epoch" or "batch", got \'step\''),
    "plateau": (
        {"schedule": lambda o: ReduceLROnPlateau(o), "schedule_every": "batch"},
        'schedule_every="epoch" with ReduceLROnPlateau',
    ),
    "data": ({"train": [1, 2][0]}, "a data set such as .*, got int"),
    "empty": ({"validation": TensorDataset(torch.zeros(0, 1), torch.zeros(0))}, "at least 1 note"),
    "tensors": ({"train": TensorDataset(torch.zeros(3, 1))}, "inputs and labels, got 1 tensors"),
    "labels": (
        {"train": TensorDataset(torch.zeros(3, 1, 8, 8), torch.zeros(3))},
        r"whole numbers \(int64\), one a note, got torch.float32",
    ),
    "loss": (
        {"loss": lambda x, y: F.cross_entropy(x, y, reduction="none")},
        r"loss to return one number, .* got shape \(16,\)",
    ),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(options, message):
    model = SmallCNN()
    with pytest.raises(ParameterError, match=message):
        run(model, **options)
    assert equal(dict(model.named_parameters()), dict(SmallCNN().named_parameters()))


def test_refuses_an_optimizer_of_another_model():
    optimizer = torch.optim.Adam(SmallCNN().parameters())
    with pytest.raises(ParameterError, match="holds none of its parameters: make it after"):
        run(optimizer=optimizer)


def test_refuses_a_schedule_of_another_optimizer():
    model = SmallCNN()
    other = StepLR(torch.optim.SGD(model.parameters(), lr=0.1), 2)
    with pytest.raises(ParameterError, match="drives another: pass optimizer="):
        run(model, schedule=other)
