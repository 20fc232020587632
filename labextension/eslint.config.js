// What a reviewer would otherwise have to look for: types that are true, files one can read, and
// no way for a model's text to become HTML.
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const HTML_FROM_STRINGS = 'Text stays text: build nodes and set textContent.';
const HTML_MEMBERS = [
  'innerHTML',
  'outerHTML',
  'srcdoc',
  'insertAdjacentHTML',
  'setHTML',
  'setHTMLUnsafe',
  'parseHTMLUnsafe',
  'parseFromString',
  'createContextualFragment',
  'write',
  'writeln'
];

export default defineConfig(
  globalIgnores(['build/', 'node_modules/']),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60 }],
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'off', // the typed rule of the same name covers it
      'no-script-url': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/unified-signatures': 'off', // this version of it fails on mapped types
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true } // `() => stop()` reads well
      ],
      'no-restricted-syntax': [
        'error',
        ...HTML_MEMBERS.flatMap(name => [
          { selector: `MemberExpression[property.name='${name}']`, message: HTML_FROM_STRINGS },
          { selector: `MemberExpression[property.value='${name}']`, message: HTML_FROM_STRINGS },
          { selector: `Property[key.name='${name}']`, message: HTML_FROM_STRINGS }
        ]),
        {
          selector:
            'CallExpression[callee.property.name=/^setAttribute/] > Literal[value=/^(on|srcdoc$)/i]',
          message: HTML_FROM_STRINGS
        }
      ]
    }
  },
  {
    files: ['src/view/**', 'src/chart/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@jupyterlab/*', '@lumino/*'], message: 'Only the shells know JupyterLab.' }
          ]
        }
      ]
    }
  },
  {
    files: ['scripts/**', '*.config.*'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
    rules: { 'no-console': 'off' } // a person runs them
  },
  {
    files: ['tests/**'],
    rules: { 'max-lines-per-function': 'off' } // a describe block is one function
  }
);
