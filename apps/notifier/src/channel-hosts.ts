/** The form in which hosts are compared: as an address of the web has them, without brackets and the dot of the root; `undefined` for what is no host. */
const plainHost = (host: string): string | undefined => {
  const address = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}/`;
  if (!URL.canParse(address)) return undefined;
  const { hostname, pathname, search, hash, username, port } = new URL(address);
  const isHost = pathname === '/' && `${search}${hash}${username}${port}` === '' && /^[\w.:[\]-]+$/.test(hostname);
  return isHost ? hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '') : undefined;
};

export const isHost = (text: string): boolean => plainHost(text) !== undefined;

/** Whether a host is one of the list. Names count as they are written: one that leads to the same place is another one. */
export const hostsOf = (list: readonly string[]): ((host: string) => boolean) => {
  const hosts = new Set(list.map(plainHost));
  return (host) => {
    const plain = plainHost(host);
    return plain !== undefined && hosts.has(plain);
  };
};
