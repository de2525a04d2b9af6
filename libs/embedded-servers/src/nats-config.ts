export interface NatsConfigOptions {
  readonly port: number;
  /** Port of the monitoring pages; none by default. */
  readonly httpPort?: number | undefined;
  /** The server puts its folder `jetstream` there. */
  readonly storeDir: string;
  /** When JetStream flushes to the disk: "always" (before each acknowledgement) or an interval such as "2m". */
  readonly syncInterval: string;
}

/** First line of a generated file; only files that begin with it are overwritten. */
export const generatedMark = '# Generated at each start; changes are lost.';

const quoted = (text: string): string => JSON.stringify(text);

/** The configuration file of a development server. */
export const natsConfig = ({ port, httpPort, storeDir, syncInterval }: NatsConfigOptions): string =>
  [
    generatedMark,
    'server_name: countersign',
    `listen: "127.0.0.1:${port}"`,
    ...(httpPort === undefined ? [] : [`http: "127.0.0.1:${httpPort}"`]),
    'max_payload: 8MB',
    'jetstream {',
    `  store_dir: ${quoted(storeDir)}`,
    '  max_memory_store: 256MB',
    '  max_file_store: 20GB',
    `  sync_interval: ${quoted(syncInterval)}`,
    '}',
    '',
  ].join('\n');
