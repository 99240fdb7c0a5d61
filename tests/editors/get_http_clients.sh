#!/bin/sh
# Puts the clients of Seekline's HTTP server that the tests drive into the folder $1: llama.vim and minuet-ai.nvim as they
# are, and of llama.vscode the code that asks and shows, in one file for Node.js. The very commits that were tried.
set -eu
target=$1

bring() {  # bring NAME OWNER COMMIT
  mkdir -p "$target/$1"
  git -C "$target/$1" init --quiet
  git -C "$target/$1" fetch --quiet --depth 1 "https://github.com/$2/$1" "$3"
  git -C "$target/$1" checkout --quiet --force --detach FETCH_HEAD
}

bring llama.vim ggml-org a1c8e6e40cb45df59b78add5b65d575386832465
bring minuet-ai.nvim milanglacier 479487c34041f53aad3184597428e42d9f3333b5
bring llama.vscode ggml-org 3938fb3568b98e3ddfcf2ce3dd52d9570552b579

if command -v npm > /dev/null; then
  cd "$target/llama.vscode"
  npm install --silent --no-save --ignore-scripts --prefix "$PWD/seekline" \
    esbuild@0.28 axios@1 openai@4 picomatch@4
  for name in completion configuration extra-context llama-server logger lru-cache statusbar; do
    echo "export * from './src/$name';"
  done | NODE_PATH="$PWD/seekline/node_modules" "$PWD/seekline/node_modules/.bin/esbuild" \
    --bundle --platform=node --format=cjs --external:vscode --outfile=client.js --log-level=error
fi
