import itertools
import os

import pytest

from just_walk_out.deployment import environment

_counter = itertools.count()


@pytest.fixture(scope="module")
def domain():
    """A ROS domain of this module's own; child processes and observers take it from the environment."""
    number = 1 + (os.getpid() * 7 + next(_counter)) % 99
    before = {name: os.environ.get(name) for name in ("ROS_DOMAIN_ID", *environment())}
    os.environ.update({**environment(), "ROS_DOMAIN_ID": str(number)})
    yield number
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
