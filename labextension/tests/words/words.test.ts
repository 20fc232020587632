import { afterEach, describe, expect, it } from 'vitest';

import { counted, language, listed, speak, t, told, toldParts } from '../../src/words';
import chinese from '../../../nbagent/words/zh-CN.json';

afterEach(() => speak({}));

/** The places of a text, by their names. */
const places = (text: string): string[] =>
  Array.from(text.matchAll(/\{(\w+)\}/g), ([, name = '']) => name).sort();

/** The entries whose values would not all be shown, or that ask for one that nobody gives. */
const misplaced = (words: Record<string, string>): string[] =>
  Object.entries(words).flatMap(([text, said]) =>
    places(text).join() === places(said).join() ? [] : [text]
  );

describe('a text', () => {
  it('has its values in their places, in any order', () => {
    expect(t('{n} of {all}', { n: 3, all: 'x' })).toBe('3 of x');
    speak({ '{n} of {all}': '{all}中的{n}' });
    expect(t('{n} of {all}', { n: 3, all: 'x' })).toBe('x中的3');
  });

  it('shows a place for which there is no value as it stands, and fills none twice', () => {
    expect(t('{n} of {all}', { n: '{all}' })).toBe('{all} of {all}');
    speak({ 'step {n}': '步骤 {number}' });
    expect(t('step {n}', { n: 3 })).toBe('步骤 {number}');
  });

  it('has the same places in every language', () => {
    expect(misplaced(chinese)).toEqual([]);
    expect(misplaced({ 'step {n}': '步骤 {number}' })).toEqual(['step {n}']);
    expect(misplaced({ '{a} to {b}': '{b}' })).toEqual(['{a} to {b}']);
  });
});

describe('a count', () => {
  it('has a plural in English, by rule or as it is given', () => {
    expect([0, 1, 2, 12_000].map(n => counted(n, 'step'))).toEqual([
      '0 steps',
      '1 step',
      '2 steps',
      '12,000 steps'
    ]);
    expect(counted(2, 'reply', 'replies')).toBe('2 replies');
  });

  it('has none in Chinese, and a word that counts', () => {
    speak(chinese);
    expect([1, 2].map(n => counted(n, 'step'))).toEqual(['1 个步骤', '2 个步骤']);
    expect(listed(counted(3, 'tool call'), false, '', counted(1, 'file'))).toBe(
      '3 次工具调用，1 个文件'
    );
  });
});

describe('what was kept in English', () => {
  it('is found whole, filled, and sentence by sentence', () => {
    speak({
      'It failed.': '失败了。',
      'step {n}': '步骤 {n}',
      'It waits for {what}.': '等待{what}。',
      '{n} files': '{n} 个文件'
    });
    expect(told('It failed.')).toBe('失败了。');
    expect(told('step 1,234')).toBe('步骤 1,234');
    expect(told('It failed. It waits for 3 files.')).toBe('失败了。等待3 个文件。');
    expect(toldParts('step 2, KeyError')).toBe('步骤 2, KeyError');
  });

  it('stays as it is where nothing says it: a name, a model’s words', () => {
    speak({ 'step {n}': '步骤 {n}', '{a}: {b}': '{a}：{b}' });
    for (const said of ['', 'one step back', 'df: a table', 'step by step']) {
      expect(told(said)).toBe(said);
    }
    expect(told('step 3')).not.toBe('step 3');
  });

  it('is English again with the language', () => {
    speak({ 'step {n}': '步骤 {n}' });
    expect(told('step 3')).toBe('步骤 3');
    speak({});
    expect([told('step 3'), Object.keys(language())]).toEqual(['step 3', []]);
  });
});
