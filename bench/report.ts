import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Measured, Spread } from './figure.ts';

/** Where the numbers were taken: they mean nothing without it. */
export const machine = () => ({
  processors: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  loadAtStart: loadavg().map((one) => Math.round(one * 100) / 100),
});

export type Machine = ReturnType<typeof machine>;

export const preamble = ({ processors, model, memoryGb, node, loadAtStart }: Machine, rounds: number): string => {
  const lines = [
    `${processors} processors (${model}), ${memoryGb} GB, Node ${node.slice(1)}, ${rounds} rounds, ways interleaved in each.`,
    `Client, API, worker, sandboxes, PostgreSQL and Temporal share these ${processors} processors; ratios compare ways that do.`,
  ];
  if (loadAtStart[0]! > 0.5)
    lines.push(`THE MACHINE IS BUSY (load ${loadAtStart.join(', ')}): trust ratios more than absolute numbers.`);
  return `${lines.join('\n')}\n`;
};

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));
const cells = ({ min, median, max }: Spread): string =>
  [min, median, max].map((value) => shown(value).padStart(9)).join('');

export const table = ({ name, unit, ways, ratios, notes }: Measured): string => {
  const width = Math.max(
    36,
    ...[...ways.map((way) => way.name), ...ratios.map((one) => `ours / ${one.against}`)].map((text) => text.length + 2),
  );
  const head = `${`${name} (${unit})`.padEnd(width)}${['min', 'median', 'max'].map((word) => word.padStart(9)).join('')}`;
  return [
    head,
    '─'.repeat(head.length),
    ...ways.map((way) => `${way.name.padEnd(width)}${cells(way.spread)}`),
    ...ratios.map(({ against, spread, target, met }) => {
      const verdict = met === null ? '' : `  target ${target}: ${met ? 'met' : 'MISSED'}`;
      return `${`ours / ${against}`.padEnd(width)}${cells(spread)}${verdict}`;
    }),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
};

export const writeJson = (path: string, content: unknown): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
};
