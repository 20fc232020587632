import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import schema from '../../schema/plugin.json';
import { commandWords, idOf, type Id } from '../../src/commands/table';

const IDS = (Object.keys(commandWords()) as Id[]).map(idOf).sort();
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

function commandsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(commandsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'command' && typeof each === 'string' ? [each] : commandsIn(each)
  );
}

describe('commands', () => {
  it('stand in the menu, each once, and nowhere by another name', () => {
    const menu = commandsIn(schema['jupyter.lab.menus'].main);
    expect([...menu].sort()).toEqual(IDS);
    expect(IDS).toEqual(expect.arrayContaining(commandsIn(schema)));
  });

  it('are said in the guide with their keys', () => {
    for (const { command, keys } of schema['jupyter.lab.shortcuts']) {
      const label = commandWords()[command.replace('nbagent:', '') as Id].label;
      expect(README).toContain(label);
      expect(README).toContain(keys.join(' ').replace('Accel', 'Ctrl'));
    }
  });

  it('approve nothing: going to a question is no answer', () => {
    expect(IDS.filter(id => /approve|allow|run-this/.test(id))).toEqual(['nbagent:approve']);
    expect(commandWords().approve.label).toBe('Go to Kimi’s Question');
  });
});
