FROM python:3.12-slim
# ONNX Runtime reports to its makers otherwise.
ENV PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
RUN useradd --create-home --uid 10001 vidkind && install -d -o vidkind -m 0700 /data
COPY . /src
RUN pip install --no-cache-dir "/src[serve,cluster]" && rm -rf /src
# By number, so that a host that forbids root can see that this is not it.
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"]
# Loopback inside a container reaches nobody; publish the port on the host's loopback.
ENTRYPOINT ["vidkind", "serve", "--host", "0.0.0.0", "--data", "/data"]
