import { networkInterfaces } from 'node:os';

/** Listening on all addresses: which of them clients use, only the operator knows. */
export const isEverywhere = (address: string): boolean =>
  /(^|\/)(0\.0\.0\.0|\[::\]):\d+$/.test(address);

/** Nobody can connect to 0.0.0.0 on another machine: an address of this one is the better guess. */
export function originForClients(origin: string): string {
  if (!isEverywhere(origin)) return origin;
  const port = origin.slice(origin.lastIndexOf(':') + 1);
  return `http://${addressOfThisMachine()}:${port}`;
}

function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
