import {
  AndFilter,
  Client,
  type Entry,
  EqualityFilter,
  type Filter,
  FilterParser,
  ResultCodeError,
} from 'ldapts';
import { Turns } from '../log/turns.ts';
import { withinMs } from '../outward/within.ts';

export interface LdapSettings {
  /** The first that answers is asked. */
  readonly urls: readonly string[];
  /** Of `ldap://`: `starttls` sends nothing where it is not offered. */
  readonly security: 'starttls' | 'none';
  /** PEM, instead of the system's authorities. */
  readonly ca: string | undefined;
  /** Who may look people up; undefined where everybody may. */
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly base: string;
  /** As RFC 4515 writes it. */
  readonly filter: string;
  readonly attributes: { readonly localpart: string; readonly name: string; readonly mail: string };
  readonly stepMsMax?: number;
}

export interface LdapPerson {
  readonly displayName: string | undefined;
  readonly mail: string | undefined;
}

/** No directory could be asked, or what it says makes no sense: the operator should look at it. */
export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable';
}

/** Of each thing that is asked; all that one login asks may take twice as long. */
const STEP_MS_MAX = 5_000;
const AT_ONCE = 8;
const WAITING_MAX = 100;

/** RFC 4511: `inappropriateAuthentication` has no password, `invalidCredentials`, `unwillingToPerform` is switched off. */
const REFUSALS: readonly number[] = [48, 49, 53];

/** The operator's directory. A connection for each question: a login is rare, and none is bound as somebody else. */
export class LdapDirectory {
  readonly #settings: LdapSettings;
  readonly #filter: Filter;
  readonly #stepMsMax: number;
  readonly #turns = new Turns(AT_ONCE);

  constructor(settings: LdapSettings) {
    this.#stepMsMax = settings.stepMsMax ?? STEP_MS_MAX;
    this.#settings = settings;
    this.#filter = FilterParser.parseString(settings.filter);
  }

  /** Undefined where nobody is called so, or it is not their password. Throws `DirectoryUnavailable`. */
  async authenticate(localpart: string, password: string): Promise<LdapPerson | undefined> {
    // With an empty one a bind is one of nobody, and succeeds (RFC 4513, 5.1.2).
    if (password === '') return undefined;
    return this.#ask(async (client) => {
      const entry = await this.#find(client, localpart);
      if (!entry || !(await isPasswordOf(client, entry.dn, password))) return undefined;
      const { name, mail } = this.#settings.attributes;
      return { displayName: firstOf(entry, name), mail: firstOf(entry, mail) };
    });
  }

  /** Throws `DirectoryUnavailable`. */
  has(localpart: string): Promise<boolean> {
    return this.#ask(async (client) => (await this.#find(client, localpart)) !== undefined);
  }

  async #find(client: Client, localpart: string): Promise<Entry | undefined> {
    const { bind, base, attributes } = this.#settings;
    if (bind) await client.bind(bind.dn, bind.password);
    const isThem = new EqualityFilter({ attribute: attributes.localpart, value: localpart });
    const { searchEntries } = await client.search(base, {
      scope: 'sub',
      // Not a text: whatever is in a name is a value of it.
      filter: new AndFilter({ filters: [this.#filter, isThem] }),
      attributes: Object.values(attributes),
      sizeLimit: 2,
      timeLimit: Math.ceil(this.#stepMsMax / 1_000),
    });
    // A directory takes more than one spelling for the same; a user id is one.
    const found = searchEntries.filter((each) => isCalled(each, attributes.localpart, localpart));
    if (found.length > 1) throw new Error(`There is more than one ${localpart} below ${base}`);
    return found[0];
  }

  async #ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    if (this.#turns.waiting >= WAITING_MAX)
      throw new DirectoryUnavailable('More people wait for the directory than it answers');
    return this.#turns.run(async () => {
      const end = new AbortController();
      try {
        return await withinMs(2 * this.#stepMsMax, this.#askAny(question, end.signal), late);
      } finally {
        end.abort();
      }
    });
  }

  async #askAny<T>(question: (client: Client) => Promise<T>, end: AbortSignal): Promise<T> {
    const reasons: string[] = [];
    for (const url of this.#settings.urls) {
      if (end.aborted) break;
      try {
        return await this.#askAt(url, question, end);
      } catch (error) {
        reasons.push(`${url}: ${(error as Error).message}`);
      }
    }
    throw new DirectoryUnavailable(
      `The directory cannot be asked (${reasons.join('; ')}): the operator should look at it and at the key "ldap". Nobody of it can log in, all others can.`,
    );
  }

  async #askAt<T>(
    url: string,
    question: (client: Client) => Promise<T>,
    end: AbortSignal,
  ): Promise<T> {
    const isTls = url.startsWith('ldaps:');
    const client = new Client({
      ...{ url, timeout: this.#stepMsMax, connectTimeout: this.#stepMsMax },
      ...(isTls && { tlsOptions: this.#tls(url) }),
    });
    const leave = () => void client.unbind().catch(() => {});
    end.addEventListener('abort', leave);
    try {
      if (this.#settings.security === 'starttls' && !isTls) await client.startTLS(this.#tls(url));
      return await question(client);
    } finally {
      end.removeEventListener('abort', leave);
      leave();
    }
  }

  #tls(url: string) {
    const { ca } = this.#settings;
    return {
      host: new URL(url).hostname.replaceAll(/[[\]]/g, ''),
      ...(ca !== undefined && { ca }),
    };
  }
}

async function isPasswordOf(client: Client, dn: string, password: string): Promise<boolean> {
  try {
    await client.bind(dn, password);
    return true;
  } catch (error) {
    if (error instanceof ResultCodeError && REFUSALS.includes(error.code)) return false;
    throw error;
  }
}

const valuesOf = (entry: Entry, attribute: string): string[] => {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? [] : entry[key]!;
  return (Array.isArray(value) ? value : [value]).map(String);
};

const firstOf = (entry: Entry, attribute: string): string | undefined =>
  valuesOf(entry, attribute).find((each) => each !== '');

const isCalled = (entry: Entry, attribute: string, localpart: string): boolean =>
  valuesOf(entry, attribute).some((each) => each.toLowerCase() === localpart);

const late = (ms: number) =>
  new DirectoryUnavailable(`The directory took more than ${ms / 1_000} s`);
