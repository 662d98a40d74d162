/**
 * SQL that is true when level `l` is offered to client `c`: no enabled `deny` restriction contains his row, every enabled `allow` restriction does.
 */
export const OFFERED = `not exists (select from verification_level_restriction r where r.level_id = l.id and r.enabled
  and coalesce(case r.restriction when 'country' then c.country_id when 'clientType' then c.type_id else c.verification_level_id end = any(r.rule_ids), false)
    = (r.type = 'deny'))`;

/** SQL that is true when nothing new is begun for client `c` on his way to level `l`: whose connection is switched off finishes what it was begun with. */
export const IS_OFF = `exists (select from connection off where off.id = l.connection_id and not off.enabled)
  and not exists (select from kyc_case begun where begun.client_id = c.client_id and begun.level_id = l.id and begun.connection_id = l.connection_id
                     and begun.provider_id is not null and begun.state in ('open', 'retry', 'checking', 'on_hold'))`;
