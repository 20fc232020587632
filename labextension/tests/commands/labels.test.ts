import { afterEach, describe, expect, it } from 'vitest';

import schema from '../../schema/plugin.json';
import { type Labelled, translate } from '../../src/commands/labels';
import { speak } from '../../src/words';
import chinese from '../../../nbagent/words/zh-CN.json';

afterEach(() => speak({}));

function shown({ title, description, properties = {} }: Labelled): string[] {
  const inside = Object.values(properties).flatMap(shown);
  return [title ?? '', description ?? '', ...inside].filter(Boolean);
}

describe('the settings', () => {
  it('are called in the language of the page, each of them', () => {
    const loaded = structuredClone(schema) as Labelled;
    speak(chinese);
    translate(loaded);
    expect(shown(loaded).filter(text => text !== 'Kimi' && !/[\u4e00-\u9fff]/.test(text))).toEqual(
      []
    );
    expect(shown(schema as Labelled).every(text => !/[\u4e00-\u9fff]/.test(text))).toBe(true);
    expect(Object.keys(loaded.properties ?? {})).toEqual(Object.keys(schema.properties));
  });

  it('stay as they are in English', () => {
    const loaded = structuredClone(schema) as Labelled;
    translate(loaded);
    expect(loaded).toEqual(schema);
  });
});
