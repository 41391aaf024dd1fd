"""``oci2disk``: an image out of an OCI registry on a disk, proved by the registry's digest."""

import os
import ssl

from boots_agent.actions import image
from boots_agent.actions.context import Context
from boots_agent.actions.writing import told
from boots_agent.images.http import Net
from boots_agent.images.words import Of, read_digest
from boots_agent.oci.layers import find_layer
from boots_agent.oci.names import read_name
from boots_agent.oci.registry import Registry, login_of


def write(context: Context) -> None:
    """Ask the registry which blob it is, and write that.

    Raises:
        ActionFailed: What it is given makes no sense, or the disk is not armed.
        boots_agent.images.words.ImageError: The image is not on the disk.
    """
    wanted = image.wanted(context)
    with told():
        name = read_name(context.required("IMG_URL"))
        registry = Registry(name, login_of(context.environment), _net(context))
        layer = find_layer(name, registry.manifest, os.uname().machine)
    context.say(f"{name.repository}: {layer.title or 'a layer'} of {layer.size} bytes")
    proof = read_digest(layer.digest, Of.SENT)
    world = image.world(context)._replace(feeds=registry.feeds())
    goal = wanted._replace(url=name.blob(layer.digest), digests=(*wanted.digests, proof))
    image.put(context, goal, world)


def _net(context: Context) -> Net:
    net = image.world(context).net()
    return net._replace(tls=_anybody()) if context.flag("SKIP_VERIFY") else net


def _anybody() -> ssl.SSLContext:
    """Any certificate will do: what comes is proved by its digest, but not who sent it."""
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
