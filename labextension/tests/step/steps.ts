// What the model thinks and calls in the run written by hand, and what came of it.

import type { Output } from '../../src/view/types';

export interface Call {
  name: string;
  given: Record<string, unknown>;
  saw: string;
  outputs: Output[];
  error: string;
  added: string[];
  wall: number;
  picture?: boolean;
}
export interface StepStory {
  reasoning: string;
  content: string;
  calls: Call[];
}

export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TABLE =
  '           birds  unknown\nspecies\nAdelie       152        6\nChinstrap     68        0\nGentoo       124        5\n';

function text(words: string): Output {
  return { output_type: 'stream', name: 'stdout', text: words };
}

function call(code: string, saw: string, more: Partial<Call> = {}): Call {
  const base = { name: 'run_python', given: { code }, saw, error: '', added: [], wall: 0.74 };
  return { ...base, outputs: saw ? [text(saw)] : [], ...more };
}

const MEDIAN = 'typical = df.groupby("species").median()';
export const STEPS: StepStory[] = [
  {
    reasoning: 'Look at the frame before anything else.',
    content: '',
    calls: [
      call('', '5 of 8 columns have missing values\nsex 11, bill_length_mm 2, bill_depth_mm 2', {
        name: 'inspect_variable',
        given: { name: 'df', how: 'missing' },
        wall: 0.02
      })
    ]
  },
  {
    reasoning: 'Count the birds without a sex by species, and draw their mass.',
    content: '',
    calls: [
      call(
        'per = df.groupby("species")["sex"].agg(birds="size", unknown=gaps)\nprint(per)\nfig, ax = plt.subplots(figsize=(6, 3))\nfor sex in known.sex.unique():\n    ax.scatter(known.x, known.body_mass_g)',
        `${TABLE}\n[image 1: 600 x 300 px, 21 kB]\n[names] +per +fig +ax +known`,
        {
          outputs: [
            text(TABLE),
            { output_type: 'display_data', data: { 'image/png': PIXEL, 'text/plain': '<Figure>' } }
          ],
          added: ['per', 'known', 'fig, ax'],
          picture: true
        }
      )
    ]
  },
  {
    reasoning: 'Compare with a typical bird of each species: the median should do.',
    content: '',
    calls: [
      call(MEDIAN, "TypeError: dtype 'str' does not support operation 'median'", {
        error: 'TypeError',
        outputs: [
          {
            output_type: 'error',
            ename: 'TypeError',
            evalue: "dtype 'str' does not support operation 'median'",
            traceback: ['----> 1 typical = df.groupby("species").median()', 'TypeError: dtype']
          }
        ]
      })
    ]
  },
  {
    reasoning:
      'The strings are species and island, so ask for numeric columns only. Then test the idea on birds of known sex before I suggest it, five folds.\n'.repeat(
        4
      ),
    content: '',
    calls: [
      call(
        'typical = df.groupby("species").median(numeric_only=True)\ntypical.round(1)',
        '3 rows',
        {
          added: ['typical']
        }
      ),
      call(
        'df.loc[guess.index, "sex"] = guess\ndf.to_csv("penguins.csv", index=False)',
        'written',
        {
          added: ['guess']
        }
      )
    ]
  },
  {
    reasoning: 'All known. Say so.',
    content: 'Five of the eight columns have missing values; the sex of eleven birds is unknown.',
    calls: []
  }
];
