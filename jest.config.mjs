// The whole workspace in one Jest: `npm test` runs it once per tier.
//   TIER=unit   pure or in memory, milliseconds
//   TIER=int    one real dependency
//   TIER=e2e    the system from outside, every service its own process
import { preset } from './jest.preset.mjs';

const tier = process.env.TIER ?? 'unit';
const int = '\\.int\\.spec\\.ts$';
const e2e = '\\.e2e\\.spec\\.ts$';
const tiers = {
  unit: { testPathIgnorePatterns: ['/node_modules/', '/dist/', int, e2e] },
  int: { testRegex: [int], testTimeout: 60_000 },
  e2e: { testRegex: [e2e], testTimeout: 120_000 },
};

const { testMatch, ...common } = preset(import.meta.dirname);
export default {
  ...common,
  ...(tier === 'unit' ? { testMatch: ['<rootDir>/{apps,libs}/**/src/**/*.spec.ts'] } : {}),
  ...tiers[tier],
  modulePathIgnorePatterns: ['/dist/', '/out-tsc/', '<rootDir>/.countersign/', '<rootDir>/.tools/', '<rootDir>/.nx/'],
  roots: tier === 'int' ? ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/examples'] : ['<rootDir>/apps', '<rootDir>/libs'],
};
