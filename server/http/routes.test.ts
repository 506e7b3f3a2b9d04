import { expect, test } from 'vitest';
import { type Endpoint, endpoint, type Route } from './endpoint.ts';
import { RouteTable } from './routes.ts';

const at = (operation: string, ...routes: Route[]): Endpoint<object> =>
  endpoint({
    operation,
    routes,
    auth: 'nobody',
    rateLimit: 'none',
    idempotency: 'natural',
    handle: async () => ({}),
  });

const find = (table: RouteTable<object>, method: string, path: string) => {
  const { endpoint, path: values } = table.find(method, path);
  return [endpoint.operation, values];
};

test('a literal segment goes before a parameter, and the parameter is still tried behind it', () => {
  const table = new RouteTable([
    at('list', 'GET /user/{userId}/rooms'),
    at('mine', 'GET /user/me/profile'),
  ]);
  expect(find(table, 'GET', '/user/me/profile')).toEqual(['mine', {}]);
  expect(find(table, 'GET', '/user/me/rooms')).toEqual(['list', { userId: 'me' }]);
});

test('parameters are decoded after the path is cut, so a slash may be in one', () => {
  const table = new RouteTable([at('a', 'GET /x/{one}/y/{two}')]);
  expect(find(table, 'GET', '/x/a%2Fb/y/%23c')).toEqual(['a', { one: 'a/b', two: '#c' }]);
});

test('an empty segment is only what a route names as empty', () => {
  const table = new RouteTable([at('a', 'GET /x/{one}'), at('b', 'GET /x/')]);
  expect(find(table, 'GET', '/x/')).toEqual(['b', {}]);
  expect(() => table.find('GET', '/x//')).toThrow('Unrecognized request');
});

test('two operations on one route are a mistake that is found at the start', () => {
  expect(() => new RouteTable([at('a', 'GET /x/{one}'), at('b', 'GET /x/{two}')])).toThrow(
    'GET /x/{two} is of a and b',
  );
});

test('a name that every object has is no path', () => {
  const table = new RouteTable([at('a', 'GET /x')]);
  expect(() => table.find('GET', '/constructor')).toThrow('Unrecognized request');
  expect(() => table.find('constructor', '/x')).toThrow('takes only GET');
});
