import { preset } from '../jest.preset.mjs';
export default preset(import.meta.dirname, { testMatch: ['<rootDir>/**/*.int.spec.ts'] });
