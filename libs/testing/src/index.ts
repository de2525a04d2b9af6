export { attempt, attemptLog, attemptLogRef, type AttemptLog } from './attempt-log.js';
export { fixedClock, sequenceIds, sha256, type FixedClock } from './deterministic.js';
export { CrashingEventStore, EndingProcess, type CrashPoint } from './ending-process.js';
export { eventStoreContract, type Loss, type OpenedEventStore } from './event-store.contract.js';
export { eventually, type EventuallyOptions } from './eventually.js';
export { tcpProxy, type LostAnswer, type TcpProxy } from './tcp-proxy.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
export { startTestNats, type TestNats, type TestNatsOptions } from './test-nats.js';
export { startTestPostgres, type TestPostgres } from './test-postgres.js';
