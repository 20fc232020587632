import { afterAll, beforeAll, expect, test } from 'vitest';

import fixture from '../../../tests/fixtures/told.json';
import chinese from '../../../nbagent/words/zh-CN.json';
import { counted, speak, t, told } from '../../src/words';

beforeAll(() => speak(chinese));
afterAll(() => speak({}));

test('what was made in English is known again, as Python knows it', () => {
  for (const [english = '', said] of fixture.ours) expect(told(english)).toBe(said);
});

test('what others have written stays as it is', () => {
  for (const text of fixture.others) expect(told(text)).toBe(text);
});

test('in English nothing changes', () => {
  speak({});
  for (const [english = ''] of fixture.ours) expect(told(english)).toBe(english);
  expect([t('{n} tok/s', { n: 5 }), counted(1, 'step'), counted(2, 'step')]).toEqual([
    '5 tok/s',
    '1 step',
    '2 steps'
  ]);
  speak(chinese);
});
