import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { instanceIdOf } from './instance-id.ts';

/** How a network is described to clients. */
export interface Protocol extends JsonObject {
  readonly instances: readonly JsonObject[];
}

/** As the service has it, with what the specification asks for and bridges leave out; null where it is no description. */
export function protocolIn(answer: JsonValue | undefined, serviceId: string): Protocol | null {
  if (!isObject(answer) || !Array.isArray(answer.instances)) return null;
  const instances = answer.instances.flatMap((each) => instanceIn(each, serviceId));
  const { user_fields, location_fields, icon, field_types } = answer;
  return {
    ...answer,
    user_fields: isNames(user_fields) ? user_fields : [],
    location_fields: isNames(location_fields) ? location_fields : [],
    icon: typeof icon === 'string' ? icon : '',
    field_types: isObject(field_types) ? field_types : {},
    instances,
  };
}

/** The id is the server's to add, unique among all services. */
function instanceIn(value: JsonValue, serviceId: string): JsonObject[] {
  if (!isObject(value) || typeof value.network_id !== 'string') return [];
  const { desc, fields, network_id } = value;
  return [
    {
      ...value,
      desc: typeof desc === 'string' ? desc : network_id,
      fields: isObject(fields) ? fields : {},
      instance_id: instanceIdOf(serviceId, network_id),
    },
  ];
}

const isNames = (value: JsonValue | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
