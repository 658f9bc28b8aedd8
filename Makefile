# The short list of verbs; `make` alone lists them.
.PHONY: help run test lint build bench docs snap gallery gallery-all tour fixtures install-needs

PROMPT ?= Mary has a red ball. Tom has a blue kite. Mary plays with the
BIN := target/release/mnemoscope

help:
	@echo "make run        open the window on the embedded model (headless: a table, and maps in out/)"
	@echo "make test       run every test"
	@echo "make lint       check format and lints"
	@echo "make build      build target/release/mnemoscope"
	@echo "make bench      run the benches that prove the speed claims"
	@echo "make docs       write the tables in docs/ and the README anew from the code"
	@echo "make gallery    draw every pane in both themes into docs/gallery (gallery-all: all eight of each into out/)"
	@echo "make tour       walk through a real window under Xvfb; pictures in out/tour"
	@echo "make snap       make the window's snapshot pictures and words anew (look at them before committing)"
	@echo "make fixtures   make the parity fixtures anew (needs Python with torch and transformers)"

install-needs:
	@sh tools/install_needs.sh

build: install-needs
	cargo build --release --locked

run: build
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" != Linux ]; then \
		$(BIN); \
	else \
		echo "No display here: the same job without a window; maps go to out/"; \
		$(BIN) heads --prompt "$(PROMPT)" && \
		$(BIN) export --prompt "$(PROMPT)" -o out/maps/ -o out/heads.html -o out/heads.png; \
	fi

test: install-needs
	cargo test --locked --test suite

lint:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings

bench:
	cargo bench

docs:
	UPDATE=1 cargo test --test suite docs

snap:
	UPDATE_SNAPSHOTS=true cargo test --test suite -- window_pictures locale

gallery:
	cargo run --release --example gallery

gallery-all:
	cargo run --release --example gallery -- --all

tour: build
	sh tools/tour.sh $(BIN)

fixtures:
	python3 tools/make_fixtures.py
	python3 tools/fixture_classifiers.py
	python3 tools/fixture_chat.py
	python3 tools/fixture_tokenizer_cases.py
	python3 tools/fixture_cuttings.py
