import { defineConfig } from 'vitest/config';

// The fixtures are those of the Python tests: ../tests/fixtures. A test that needs a page starts
// with the line `// @vitest-environment jsdom`.
export default defineConfig({
  test: { include: ['tests/**/*.test.ts'], environment: 'node', silent: 'passed-only' }
});
