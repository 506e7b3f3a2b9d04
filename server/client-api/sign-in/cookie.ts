/** What a browser keeps for us while its user is at a provider. */
const NAME = 'farol-sign-in';
const SECONDS = 15 * 60;

export interface CookiePorts {
  /** Where browsers reach this server: by TLS, but for one that is tried out on a machine. */
  readonly publicUrl: string | undefined;
}

/** `__Host-`: no other host of the domain can have put it there. `Lax`: it is to come along on the way back from the provider. */
const named = ({ publicUrl }: CookiePorts) =>
  publicUrl?.startsWith('https:')
    ? { name: `__Host-${NAME}`, attributes: 'Path=/; HttpOnly; SameSite=Lax; Secure' }
    : { name: NAME, attributes: 'Path=/; HttpOnly; SameSite=Lax' };

export function keeping(value: string, ports: CookiePorts): { 'set-cookie': string } {
  const { name, attributes } = named(ports);
  return { 'set-cookie': `${name}=${value}; ${attributes}; Max-Age=${SECONDS}` };
}

export function lettingGo(ports: CookiePorts): { 'set-cookie': string } {
  const { name, attributes } = named(ports);
  return { 'set-cookie': `${name}=; ${attributes}; Max-Age=0` };
}

export function keptIn(cookies: string | undefined, ports: CookiePorts): string | undefined {
  const { name } = named(ports);
  const pair = cookies?.split(/; */).find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1) || undefined;
}
