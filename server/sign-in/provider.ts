import * as openid from 'openid-client';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { badGateway, forbidden, invalidParam, MatrixError } from '../protocol/matrix-error.ts';
import type { UpstreamIdentity } from '../storage/accounts/upstream-identities.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { JOURNEY_MS, type Journey } from './journey.ts';
import { type Left, logoutIn, providerKeys } from './logout-token.ts';

/** An OpenID provider, as the operator has written it down. */
export interface ProviderSettings {
  /** In addresses, and in what clients are told. */
  readonly id: string;
  readonly name: string;
  readonly icon?: string | undefined;
  readonly brand?: string | undefined;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly scopes: readonly string[];
  /** Which claim says what. */
  readonly claims: { readonly localpart: string; readonly displayName: string };
  /** Whoever has no account gets one. */
  readonly makesAccounts: boolean;
  /** Whoever has the name of an account is let into it. */
  readonly linksByName: boolean;
  /** Who proves that it is they must have logged in for it, by the provider's word (`auth_time`). */
  readonly checksLoginTime: boolean;
}

export interface Known {
  readonly identity: UpstreamIdentity;
  readonly claims: JsonObject;
}

const DISCOVERED_MS = 3_600_000;
const CLOCK_TOLERANCE_SECONDS = 60;

/** One provider. Where its doors are is asked once an hour, by all together. */
export class Provider {
  readonly settings: ProviderSettings;
  readonly #redirectUri: string;
  readonly #now: () => number;
  #discovered:
    | { readonly config: Promise<openid.Configuration>; readonly atMs: number }
    | undefined;
  #keys: { readonly jwksUri: string; readonly keys: ReturnType<typeof providerKeys> } | undefined;

  constructor(settings: ProviderSettings, ports: { redirectUri: string; now: () => number }) {
    this.settings = settings;
    this.#redirectUri = ports.redirectUri;
    this.#now = ports.now;
  }

  /** Where a browser is sent. Throws what its user is to be told. */
  async door(
    { id, nonce, verifier }: Pick<Journey, 'id' | 'nonce' | 'verifier'>,
    prompt: 'login' | 'create' | undefined,
  ): Promise<string> {
    const config = await this.#config();
    const offered = config.serverMetadata().prompt_values_supported;
    const isOffered =
      prompt === 'login' || (Array.isArray(offered) && offered.includes(prompt ?? ''));
    return openid.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirectUri,
      scope: this.settings.scopes.join(' '),
      ...{ state: id, nonce },
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(prompt && isOffered && { prompt }),
      // With this a provider must say when (OpenID Connect Core, section 3.1.2.1).
      ...(prompt === 'login' && { max_age: '0' }),
    }).href;
  }

  /** Who came back, as the provider vouches for it to us. Throws what they are to be told. */
  async whoCame(params: URLSearchParams, journey: Journey): Promise<Known> {
    const { id, nonce, verifier } = journey;
    const config = await this.#config();
    try {
      const checks = {
        ...{ pkceCodeVerifier: verifier, expectedState: id, expectedNonce: nonce },
        idTokenExpected: true,
        ...this.#newLoginOf(journey),
      };
      const back = new URL(`?${params}`, this.#redirectUri);
      const tokens = await openid.authorizationCodeGrant(config, back, checks);
      const claims = tokens.claims()!;
      const more = await this.#moreOf(config, tokens.access_token, claims);
      return {
        identity: { issuer: claims.iss, subject: claims.sub },
        claims: { ...more, ...(claims as JsonObject) },
      };
    } catch (error) {
      throw this.#toldOf(error);
    }
  }

  /** Whose logins it says have ended, by a token that it made for us. Throws what the provider is to be told. */
  async whoLeft(logoutToken: string): Promise<Left> {
    const config = await this.#config();
    const { issuer, jwks_uri: jwksUri } = config.serverMetadata();
    if (jwksUri === undefined) throw invalidParam(`${this.settings.name} publishes no keys`);
    if (this.#keys?.jwksUri !== jwksUri) this.#keys = { jwksUri, keys: providerKeys(jwksUri) };
    const { clientId } = this.settings;
    const ports = { issuer, clientId, keys: this.#keys.keys, nowMs: this.#now() };
    try {
      return await logoutIn(logoutToken, ports);
    } catch (error) {
      throw error instanceof MatrixError ? error : this.#away(error);
    }
  }

  /** Whoever has the browser may take `prompt` and `max_age` out of the address: what the provider says in the end counts. */
  #newLoginOf({ goal, untilMs }: Journey): { maxAge?: number } {
    if (goal.kind !== 'stage' || !this.settings.checksLoginTime) return {};
    const sinceMs = this.#now() - (untilMs - JOURNEY_MS);
    return { maxAge: Math.max(0, Math.ceil(sinceMs / 1000)) };
  }

  /** Many providers say of people only there what the scopes ask for. */
  async #moreOf(
    config: openid.Configuration,
    accessToken: string,
    claims: openid.IDToken,
  ): Promise<JsonObject> {
    const { localpart, displayName } = this.settings.claims;
    if (localpart in claims && displayName in claims) return {};
    if (config.serverMetadata().userinfo_endpoint === undefined) return {};
    const told: unknown = await openid.fetchUserInfo(config, accessToken, claims.sub);
    return isObject(told as JsonObject) ? (told as JsonObject) : {};
  }

  #config(): Promise<openid.Configuration> {
    const known = this.#discovered;
    if (known && this.#now() < known.atMs + DISCOVERED_MS) return known.config;
    const config = this.#discover();
    const mine = { config, atMs: this.#now() };
    this.#discovered = mine;
    config.catch(() => {
      if (this.#discovered === mine) this.#discovered = undefined;
    });
    return config;
  }

  async #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    const url = new URL(issuer);
    const execute = [openid.enableNonRepudiationChecks];
    if (url.protocol === 'http:') execute.push(openid.allowInsecureRequests);
    const metadata = { [openid.clockTolerance]: CLOCK_TOLERANCE_SECONDS };
    const proof =
      clientSecret === undefined ? openid.None() : openid.ClientSecretBasic(clientSecret);
    try {
      return await openid.discovery(url, clientId, metadata, proof, {
        execute,
        [openid.customFetch]: boundedFetch,
      });
    } catch (cause) {
      throw this.#away(cause);
    }
  }

  #toldOf(error: unknown): MatrixError {
    if (error instanceof openid.AuthorizationResponseError)
      return forbidden(`${this.settings.name} did not sign you in (${error.error})`);
    const status = error instanceof openid.ResponseBodyError ? error.status : undefined;
    if (isOutOfReach(error) || (status ?? 0) >= 500) return this.#away(error);
    return new MatrixError(
      403,
      'M_FORBIDDEN',
      `What ${this.settings.name} says of you does not hold. Go back to your app, and begin again`,
      { cause: error },
    );
  }

  #away(cause: unknown): MatrixError {
    const message = `${this.settings.name}, by which you sign in, cannot be reached. Try again later`;
    return badGateway(message, cause);
  }
}

/** Nothing was answered, or nothing that this protocol has. */
const isOutOfReach = (error: unknown): boolean =>
  error instanceof openid.ClientError
    ? error.code === undefined || AWAY.has(error.code)
    : error instanceof TypeError;

const AWAY: ReadonlySet<string> = new Set([
  ...['OAUTH_TIMEOUT', 'OAUTH_ABORT'],
  ...['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'],
]);
