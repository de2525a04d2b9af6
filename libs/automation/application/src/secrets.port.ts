/** Values of `secrets.<NAME>`. They exist in memory while a step executes, and nowhere else. */
export interface Secrets {
  get(name: string): string | undefined;
}
