import { InMemoryTurnLimits } from '@cs/eventing';
import { turnLimitsContract } from './turn-limits.contract.js';

turnLimitsContract('a process', () => {
  const limits = new InMemoryTurnLimits();
  return Promise.resolve({ limits: [limits, limits], close: () => Promise.resolve() });
});
