from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.batchnorm import SplitNorm, row_sources

FEATURES, BATCH = 3, 8
SHAPES = {nn.BatchNorm1d: (), nn.BatchNorm2d: (4, 5), nn.BatchNorm3d: (2, 3, 2)}


class Activated(nn.BatchNorm2d):
    """A subclass that does more, as timm's BatchNormAct2d."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).relu()


def mixed(ratio: Any, shape: tuple[int, ...] = (), batch: int = BATCH) -> Any:
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(64, FEATURES, *shape, generator=generator)
    synthetic = 5 + 3 * torch.randn(64, FEATURES, *shape, generator=generator)
    return sa.mix(DataLoader(TensorDataset(real), batch), TensorDataset(synthetic), ratio)


def batches(loader: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for (x,) in loader:
        yield x, sa.batch_info(loader).is_synthetic


@pytest.mark.parametrize("kind", [*SHAPES, Activated])
def test_each_kind_of_row_is_normalised_by_itself(kind: type[nn.Module]) -> None:
    loader = mixed(0.4, SHAPES[kind.__mro__[kind is Activated]])
    plain: Any = kind(FEATURES)
    split = sa.split_batchnorm(copy.deepcopy(plain), loader=loader)
    other = copy.deepcopy(plain)
    for x, synthetic in batches(loader):
        got = split(x)
        # The plain layer on real rows alone: same values, same running statistics.
        torch.testing.assert_close(got[~synthetic], plain(x[~synthetic]))
        torch.testing.assert_close(got[synthetic], other(x[synthetic]))
        assert split.state_dict().keys() == plain.state_dict().keys()
        for name, value in plain.state_dict().items():
            torch.testing.assert_close(split.state_dict()[name], value)


def test_gradients_are_those_of_the_two_parts() -> None:
    loader = mixed(0.5)
    plain, split = nn.BatchNorm1d(FEATURES), nn.BatchNorm1d(FEATURES)
    sa.split_batchnorm(split, loader=loader)
    x, synthetic = next(batches(loader))
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    weights = torch.randn_like(x)
    (split(a) * weights).sum().backward()
    (plain(b[synthetic]) * weights[synthetic]).sum().backward()
    (plain(b[~synthetic]) * weights[~synthetic]).sum().backward()
    torch.testing.assert_close(a.grad, b.grad)
    torch.testing.assert_close(split.weight.grad, plain.weight.grad)


def test_without_synthetic_rows_it_is_the_plain_layer_bit_by_bit() -> None:
    loader = mixed(0.0)
    plain = nn.BatchNorm1d(FEATURES)
    split = sa.split_batchnorm(copy.deepcopy(plain), loader=loader)
    for x, _ in batches(loader):
        assert torch.equal(split(x), plain(x))
    assert all(torch.equal(split.state_dict()[k], v) for k, v in plain.state_dict().items())


def test_evaluation_asks_nothing_and_uses_the_real_statistics() -> None:
    loader = mixed(0.5)
    split = sa.split_batchnorm(nn.BatchNorm1d(FEATURES), loader=loader)
    for x, _ in batches(loader):
        split(x)
    split.eval()
    del loader
    x = torch.randn(5, FEATURES)
    expected = (x - split.running_mean) / (split.running_var + split.eps).sqrt()
    torch.testing.assert_close(split(x), expected)
    assert split.running_mean is not None
    assert split.running_mean.abs().max() < 1  # synthetic rows are around 5


@pytest.mark.parametrize(("ratio", "alone"), [(1 / BATCH, True), (1 - 1 / BATCH, False)])
def test_a_single_row_of_a_kind_is_normalised_by_the_running_statistics(
    ratio: float, alone: bool
) -> None:
    loader = mixed(ratio)
    split = sa.split_batchnorm(nn.BatchNorm1d(FEATURES), loader=loader)
    x, synthetic = next(batches(loader))
    single = synthetic if alone else ~synthetic
    assert single.sum() == 1
    got = split(x)
    running = copy.deepcopy(split).eval()
    torch.testing.assert_close(got[single], running(x[single]))
    rest = got[~single]
    torch.testing.assert_close(rest.mean(0), torch.zeros(FEATURES), atol=1e-5, rtol=0)
    # A single real row teaches the running statistics nothing.
    assert split.num_batches_tracked == int(alone)


def test_a_single_row_with_several_values_a_channel_is_normalised_by_itself() -> None:
    loader = mixed(1 / BATCH, (4, 5))
    split = sa.split_batchnorm(nn.BatchNorm2d(FEATURES), loader=loader)
    x, synthetic = next(batches(loader))
    assert split(x)[synthetic].mean().abs() < 1e-5


def test_a_batch_without_real_rows_leaves_the_real_statistics_alone() -> None:
    loader = mixed(1.0)
    split = sa.split_batchnorm(nn.BatchNorm1d(FEATURES), loader=loader)
    before = copy.deepcopy(split.state_dict())
    x, _ = next(batches(loader))
    assert split(x).mean().abs() < 1e-5
    assert all(torch.equal(split.state_dict()[k], v) for k, v in before.items())


def test_layers_without_running_statistics_work_too() -> None:
    def layer() -> nn.BatchNorm1d:
        return nn.BatchNorm1d(FEATURES, track_running_stats=False)

    for ratio in (0.5, 1.0):
        loader = mixed(ratio)
        split = sa.split_batchnorm(layer(), loader=loader)
        x, synthetic = next(batches(loader))
        torch.testing.assert_close(split(x)[synthetic], layer()(x[synthetic]))
    loader = mixed(1 / BATCH)
    split = sa.split_batchnorm(layer(), loader=loader)
    x, _ = next(batches(loader))
    torch.testing.assert_close(split(x), layer()(x))


def test_the_cumulative_average_counts_real_batches() -> None:
    loader = mixed(0.5)
    split = sa.split_batchnorm(nn.BatchNorm1d(FEATURES, momentum=None), loader=loader)
    means = []
    for x, synthetic in batches(loader):
        split(x)
        means.append(x[~synthetic].mean(0))
    torch.testing.assert_close(split.running_mean, torch.stack(means).mean(0))


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(FEATURES, 4), nn.BatchNorm1d(4), nn.Sequential(nn.ReLU(), nn.BatchNorm1d(4))
    )


def test_checkpoints_fit_with_and_without_it() -> None:
    plain, split = net(), sa.split_batchnorm(net())
    assert plain.load_state_dict(split.state_dict()) == split.load_state_dict(plain.state_dict())
    assert [n for n, _ in plain.named_parameters()] == [n for n, _ in split.named_parameters()]


def test_merging_gives_the_plain_model_back() -> None:
    loader = mixed(0.5)
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    keys, kinds = [*model.state_dict()], [type(m) for m in model.modules()]
    assert sa.split_batchnorm(model, loader=loader) is model
    for x, _ in batches(loader):
        model(x).square().sum().backward()
        optimizer.step()
    x = torch.randn(16, FEATURES)
    expected = model.eval()(x)
    assert sa.merge_batchnorm(model) is model
    assert (model(x) - expected).abs().max() <= 1e-6
    assert [*model.state_dict()] == keys
    assert [type(m) for m in model.modules()] == kinds
    assert not row_sources(model)
    model.train()(x)  # a plain model again
    assert sa.merge_batchnorm(model) is model


def test_splitting_again_binds_another_loader() -> None:
    first, second = mixed(0.5), mixed(0.5, batch=4)
    model = sa.split_batchnorm(net(), loader=first)
    sa.split_batchnorm(model, loader=second)
    assert type(model[1]).__mro__.count(SplitNorm) == 1
    x, _ = next(batches(second))
    assert model(x).shape == (4, 4)


def test_it_survives_copying_pickling_and_hooks() -> None:
    loader = mixed(0.5)
    model = net()
    called = []
    model[1].register_forward_hook(lambda *_: called.append(1))
    copied = copy.deepcopy(sa.split_batchnorm(model, loader=loader))
    x, _ = next(batches(loader))
    torch.testing.assert_close(model(x), copied(x))
    assert len(called) == 2
    model[1]._forward_hooks.clear()
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert isinstance(loaded[1], SplitNorm)
    assert torch.equal(loaded.eval()(x), model.eval()(x))
    with pytest.raises(ConfigError, match="SA608"):
        loaded.train()(x)
    assert type(sa.merge_batchnorm(loaded)[1]) is nn.BatchNorm1d


@pytest.mark.parametrize(
    "model",
    [
        nn.Linear(1, 1),
        nn.Sequential(nn.BatchNorm1d(2), nn.SyncBatchNorm(2)),
        nn.Sequential(nn.LazyBatchNorm1d()),
    ],
)
def test_what_cannot_be_split_is_refused_before_anything_changes(model: nn.Module) -> None:
    kinds = [type(m) for m in model.modules()]
    with pytest.raises(
        ConfigError, match=r"`model` must have BatchNorm layers.*got (none|Sync|Lazy).*SA611"
    ):
        sa.split_batchnorm(model)
    assert [type(m) for m in model.modules()] == kinds
    assert not row_sources(model)


def test_only_a_mixed_loader_knows_its_rows() -> None:
    loader: Any = DataLoader(TensorDataset(torch.zeros(4, 1)))
    with pytest.raises(
        ConfigError, match=r"`loader` must be the mixed loader.*got DataLoader.*SA610"
    ):
        sa.split_batchnorm(net(), loader=loader)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own
def test_a_compiled_model_sees_each_batchs_rows() -> None:
    loader = mixed(0.3)
    model = sa.split_batchnorm(net(), loader=loader)
    other = copy.deepcopy(model)
    compiled: Any = torch.compile(model, backend="eager")
    for number, (x, _) in enumerate(batches(loader)):
        torch.testing.assert_close(compiled(x), other(x))
        if number == 3:
            break
