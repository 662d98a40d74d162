/**
 * SQL that is true when level `l` is offered to client `c`: no enabled `deny` restriction contains his row, every enabled `allow` restriction does.
 */
export const OFFERED = `not exists (select from verification_level_restriction r where r.level_id = l.id and r.enabled
  and coalesce(case r.restriction when 'country' then c.country_id when 'clientType' then c.type_id else c.verification_level_id end = any(r.rule_ids), false)
    = (r.type = 'deny'))`;
