/** The streams of the system. They are created once and updated in place; never deleted to change them. */
export const streams = {
  /** The truth: one message per commit. */
  log: { name: 'CS_LOG', subjects: ['cs.log.>'] },
  /** What others see: one CloudEvent per event, published after its projection. Rebuildable from the archive. */
  events: { name: 'CS_EVENTS', subjects: ['cs.events.>'] },
  /** Message schedules. Rebuildable from the open waits of the runs. */
  timers: { name: 'CS_TIMERS', subjects: ['cs.timer.>'] },
  /** Hashes of audit chains, outside the database that holds the chains. */
  auditAnchors: { name: 'CS_AUDIT_ANCHORS', subjects: ['cs.audit-anchor.>'] },
  /** How many turns users of channels have left. What is forgotten is full again. */
  turns: { name: 'CS_TURNS', subjects: ['cs.turn.>'] },
} as const;

/** Object store bucket for event data and states over `blobThresholdBytes`. */
export const blobBucket = 'CS_BLOBS';
/** Payload size over which data moves to the object store. */
export const blobThresholdBytes = 128 * 1024;
/** Largest message the NATS server accepts (infra/nats/nats.conf). */
export const maxPayloadBytes = 8 * 1024 * 1024;

/** Where the turns of one key are counted; `key_digest` is lower-case hexadecimal. */
export const turnSubject = (key_digest: string): string => `cs.turn.${key_digest}`;
