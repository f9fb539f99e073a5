class Metrics:
    def received(self,s,st): pass
