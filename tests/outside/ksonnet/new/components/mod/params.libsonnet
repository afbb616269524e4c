{ global: {}, components: { inner: {} } }
