/** A table of our own, which nothing else touches, so that it is there as a whole or not at all. */
const TABLE = 'inet farol_block';

/** In one transaction, whatever was there before. */
export const NO_RULES = `table ${TABLE}\ndelete table ${TABLE}\n`;

/**
 * Nothing passes between these ports of that machine and of this one, in either direction, also on connections that are there already: before all other
 * chains, and a drop is final. What we send is refused at once, so that nobody here waits for it; what comes from there gets no answer.
 */
export function rulesAgainst(address: string, ports: readonly number[]): string {
  const ip = address.includes(':') ? 'ip6' : 'ip';
  const these = `{ ${ports.join(', ')} }`;
  return `${NO_RULES}table ${TABLE} {
  chain output {
    type filter hook output priority -310; policy accept;
    ${ip} daddr ${address} tcp dport ${these} counter reject with tcp reset
    ${ip} daddr ${address} tcp sport ${these} counter drop
  }
  chain input {
    type filter hook input priority -310; policy accept;
    # What refuses is sent as if it came from there, by this machine itself.
    iif lo accept
    ${ip} saddr ${address} tcp sport ${these} counter drop
    ${ip} saddr ${address} tcp dport ${these} counter drop
  }
}
`;
}
