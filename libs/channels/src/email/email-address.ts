const shape = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
/** RFC 5321, 4.5.3.1: a path has 256 octets at most, its angle brackets included. */
const maxAddress = 254;

/** One bare address, e.g. `ops@example.com`: no name, no list, no quotes, no line ends. What is no such address cannot become a header or a command. */
export const isEmailAddress = (text: string): boolean => text.length <= maxAddress && shape.test(text) && !/^\.|\.\.|\.@/.test(text);

/** The address that a recipient names; `user:` stands before a person's. */
export const addressOf = (recipient: string): string | undefined => {
  const address = recipient.replace(/^user:/, '');
  return isEmailAddress(address) ? address : undefined;
};
