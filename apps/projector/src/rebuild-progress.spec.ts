import { describe, expect, it } from '@jest/globals';
import { progressLine } from './rebuild-progress.js';
import { TerminalProgress } from './terminal-progress.js';

describe('the progress of a rebuild', () => {
  it('says how much is done, how fast, and how long the rest takes at that pace', () => {
    const line = progressLine({ position: 25_000, target: 100_000, events: 50_000, commits: 25_000, seconds: 5 });
    expect(line).toBe('[######..................]  25 %  25,000 of 100,000 commits  10,000 events/s  00:15 left');
  });

  it('estimates from what this process did, not from what an interrupted one had done', () => {
    expect(progressLine({ position: 90_000, target: 100_000, events: 2000, commits: 1000, seconds: 1 })).toContain('00:10 left');
  });

  it('shows an empty source as done, and no pace before there is one', () => {
    expect(progressLine({ position: 0, target: 0, events: 0, commits: 0, seconds: 0 })).toContain('100 %  0 of 0 commits  0 events/s  estimating');
  });

  it('never shows more than all, when more came meanwhile', () => {
    expect(progressLine({ position: 120, target: 100, events: 1, commits: 120, seconds: 1 })).toContain('100 %');
  });
});

describe('the terminal', () => {
  const written = (isTTY: boolean) => {
    const texts: string[] = [];
    const progress = new TerminalProgress({ isTTY, write: (text) => texts.push(text) });
    return { texts, progress };
  };

  it('draws over the last line, and puts what is said above it', () => {
    const { texts, progress } = written(true);
    progress.show('10 %');
    progress.say('a commit is set aside');
    progress.end('100 %');
    expect(texts.join('')).toBe('\r\u001b[K10 %\r\u001b[Ka commit is set aside\n\r\u001b[K10 %\r\u001b[K100 %\n');
  });

  it('writes whole lines where there is no terminal, and not one for every batch', () => {
    const { texts, progress } = written(false);
    for (let step = 0; step < 100; step += 1) progress.show(`${step} %`);
    progress.end('100 %');
    expect(texts).toEqual(['0 %\n']);
  });
});
