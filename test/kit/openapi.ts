/** /openapi.json as an API serves it. `resolved`: a schema, or the one of the components that it refers to. */
export const openApiOf = async (api: {
  call: (route: string) => Promise<{ body: any }>;
}): Promise<{ document: any; resolved: (schema: any) => any }> => {
  const { body: document } = await api.call('GET /openapi.json');
  const resolved = (schema: any): any =>
    schema?.$ref === undefined ? schema : resolved(document.components.schemas[schema.$ref.split('/').at(-1)]);
  return { document, resolved };
};
