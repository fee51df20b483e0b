"""Campaign files: of short Brian2 jobs, and over a given spec."""

from popdyn.workflows.campaign import open_campaign_file

SPEC = """
[spec]
schema = 1
[spec.populations.E]
size = 40
[spec.populations.E.neuron]
model = "lif"
C_m = "200 pF"
g_L = "10 nS"
E_L = "-65 mV"
V_th = "-50 mV"
V_reset = "-70 mV"
[spec.populations.E.noise]
mu = "1.0 mV/ms"
sigma = "2 mV/sqrt(ms)"
[spec.protocols.rest]
duration = "40 ms"
transient = "10 ms"
[spec.protocols.longer]
duration = "50 ms"
transient = "20 ms"
"""


def write_campaign(path, *, replicates=1, infrastructure=2, more=""):
    head = f"schema = 1\nname = 'rates'\nreplicates = {replicates}\n"
    truth = "" if "convert" in more else "[truth]\nbackend = 'numpy'\n"
    own = f"\n{truth}[retries]\ninfrastructure = {infrastructure}\n"
    top, _, tables = more.partition("[")
    path.write_text(head + top + SPEC + own + ("[" + tables if tables else ""))
    return path


def campaign_beside(folder, network):
    """Opens campaigns over the text of a spec, each from the rest of its file."""
    (folder / "network.toml").write_text(network)

    def make(text):
        path = folder / "campaign.toml"
        path.write_text(f'schema = 1\nspec = "network.toml"\n{text}')
        return open_campaign_file(path)

    return make
