/** How far a rebuild is. Positions are those of the log. */
export interface RebuildProgress {
  readonly position: number;
  readonly target: number;
  /** Since this process began. */
  readonly commits: number;
  readonly events?: number | undefined;
  readonly seconds: number;
}

const barWidth = 24;

const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(whole % 60)}`;
};

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

const rate = (done: number, seconds: number): string => count(seconds > 0 ? done / seconds : 0);

/** One line for a terminal: a bar, how much is done, how fast, and how long it will take at that pace. */
export const progressLine = ({ position, target, events, commits, seconds }: RebuildProgress): string => {
  const share = target === 0 ? 1 : Math.min(1, position / target);
  const filled = Math.round(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
  const pace = seconds > 0 ? commits / seconds : 0;
  const left = pace > 0 ? `${duration((target - position) / pace)} left` : 'estimating';
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${count(position)} of ${count(target)} commits  ${rate(events ?? commits, seconds)} ${events === undefined ? 'commits' : 'events'}/s  ${left}`;
};
