# Sourced: `node_ready` tells whether Node is here and new enough, and says so when it is not.
node_ready() {
  if ! command -v node > /dev/null || ! command -v npm > /dev/null; then
    echo "Node.js is not installed; the UI cannot be built." >&2
    echo "hint: install Node.js 20.19 or newer (with npm), then: make ui" >&2
    return 1
  fi
  if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
    echo "Node.js $(node --version) is too old; the UI needs 20.19 or newer." >&2
    return 1
  fi
}
