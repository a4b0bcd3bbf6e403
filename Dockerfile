FROM python:3.12-slim
RUN useradd --create-home --uid 10001 vidkind && install -d -o vidkind /data
COPY . /src
RUN pip install --no-cache-dir "/src[serve,cluster]" && rm -rf /src
USER vidkind
VOLUME /data
EXPOSE 8000
# Loopback inside a container reaches nobody; publish the port on the host's loopback.
ENTRYPOINT ["vidkind", "serve", "--host", "0.0.0.0", "--data", "/data"]
