"""What is applied is what was shown, or nothing."""

import pytest

from infra.terraform import plans, runner
from infra.terraform.plans import Saved
from infra.terraform.runner import TerraformError


@pytest.fixture
def zip_(tmp_path, monkeypatch):
    """A zip to deploy, and a Terraform that finds changes and makes them."""
    monkeypatch.setenv("LAKE_HOME", str(tmp_path / "lake"))

    def plan(stage, variables, tell, options):
        runner.planned(stage).parent.mkdir(parents=True, exist_ok=True)
        return True

    def apply_planned(stage, tell):
        return {"done": True}

    monkeypatch.setattr(runner, "plan", plan)
    monkeypatch.setattr(runner, "apply_planned", apply_planned)
    path = tmp_path / "functions.zip"
    path.write_bytes(b"one")
    return path


def test_what_was_planned_is_applied_once(zip_):
    made = plans.make("test", {"package": "p"}, [zip_])
    assert plans.read("test") == made == Saved("test", False, True, made.files)
    assert plans.apply(made) == {"done": True}
    with pytest.raises(TerraformError, match="Nothing is planned: lake plan --stage test"):
        plans.read("test")


def test_a_zip_that_was_built_anew_is_not_what_was_shown(zip_):
    made = plans.make("test", {}, [zip_])
    zip_.write_bytes(b"two")
    with pytest.raises(TerraformError, match=r"functions\.zip is not what was planned"):
        plans.apply(made)
    zip_.unlink()
    with pytest.raises(TerraformError, match=r"functions\.zip is not what was planned"):
        plans.apply(made)


def test_a_plan_that_fails_leaves_none_behind(zip_, monkeypatch):
    plans.make("test", {}, [zip_])

    def refuse(*given):
        raise TerraformError("no")

    monkeypatch.setattr(runner, "plan", refuse)
    with pytest.raises(TerraformError, match="no"):
        plans.make("test", {}, [zip_])
    with pytest.raises(TerraformError, match="Nothing is planned"):
        plans.read("test")


def test_a_plan_to_destroy_says_so(zip_, monkeypatch):
    seen = []

    def plan(stage, variables, tell, options):
        seen.extend(options)
        runner.planned(stage).parent.mkdir(parents=True, exist_ok=True)
        return True

    monkeypatch.setattr(runner, "plan", plan)
    assert plans.make("prod", {}, destroy=True).destroy and plans.read("prod").destroy
    assert seen == [f"-out={runner.planned('prod')}", "-destroy"]
